package failpoint

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Pace is a clock that runs faster than the real one and is the same in every
// process that knows it: a test need not wait for a settlesAfter of minutes, and
// a restarted process goes on where the killed one was.
//
// It cannot break a promise by itself, because all that is compared with the
// clock runs at its pace: heartbeats, leases and the deadlines of calls and of
// deliveries are scaled. Only what the vendor does takes real time, so a vendor
// in such a test answers well within settlesAfter divided by Rate.
type Pace struct {
	Anchor time.Time // where the real clock and this one show the same
	Rate   int       // at least 1
}

// maxRate leaves seconds of real time to what a manifest gives minutes.
const maxRate = 20

// ParsePace reads what String writes: "<RFC 3339>,<rate>".
func ParsePace(text string) (Pace, error) {
	at, times, ok := strings.Cut(text, ",")
	if !ok {
		return Pace{}, fmt.Errorf("%q is no pace: write an RFC 3339 time, a comma and a rate", text)
	}
	anchor, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return Pace{}, fmt.Errorf("anchor: %w", err)
	}
	anchor = anchor.UTC()
	if y := anchor.Year(); y < 1970 || y > 9998 {
		return Pace{}, fmt.Errorf("anchor: year %d is not from 1970 to 9998: write a present time", y)
	}
	rate, err := strconv.Atoi(times)
	if err != nil || rate < 1 || rate > maxRate {
		return Pace{}, fmt.Errorf("rate: %q must be a whole number from 1 to %d", times, maxRate)
	}
	return Pace{Anchor: anchor, Rate: rate}, nil
}

// String is the pace as a variable holds it.
func (p Pace) String() string {
	return p.Anchor.UTC().Format(time.RFC3339Nano) + "," + strconv.Itoa(p.Rate)
}

// Now is this clock's time.
func (p Pace) Now() time.Time { return p.At(time.Now()) }

// At is what this clock shows at a moment of the real one.
func (p Pace) At(real time.Time) time.Time {
	real = real.Round(0) // another process has another monotonic clock
	return p.Anchor.Add(real.Sub(p.Anchor) * time.Duration(p.Rate))
}

// Real is how long a span of this clock takes.
func (p Pace) Real(d time.Duration) time.Duration { return d / time.Duration(p.Rate) }
