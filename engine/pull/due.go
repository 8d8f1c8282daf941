package pull

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// never is when a stream is due that waits for a person.
var never = time.UnixMicro(math.MaxInt64 / 2)

const (
	// minWait is the least that lies between two failed runs.
	minWait = 5 * time.Second
	// maxWait is the most that failures add up to, unless the connection is read
	// less often anyway, or the vendor has named a time.
	maxWait = 15 * time.Minute
)

// dueFirst is when a new stream is read: at once.
func dueFirst(c Connection, now time.Time) time.Time {
	if c.Every == 0 {
		return never
	}
	return now
}

// dueNext is when a stream is read again whose last run began then.
func dueNext(c Connection, began time.Time) time.Time {
	if c.Every == 0 {
		return never
	}
	return began.Add(c.Every)
}

// dueAfter is when a stream is read again after so many failures in a row. The
// waits double and differ, so that the streams of a vendor that comes back do not
// all fall on it at once.
func dueAfter(c Connection, now time.Time, failures int64, e *domain.ConnectorError) time.Time {
	if c.Every == 0 {
		return never
	}
	wait := max(c.Every, minWait)
	for n := int64(1); n < failures && wait < maxWait; n++ {
		wait *= 2
	}
	wait = min(wait, max(maxWait, c.Every))
	wait += time.Duration((rand.Float64() - 0.5) * 0.4 * float64(wait))
	if e != nil {
		wait = max(wait, e.RetryAfter)
	}
	return now.Add(wait)
}
