package callback

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Schedule says when a delivery that failed is tried again.
type Schedule struct {
	// Waits are the times after the first attempt, the second, and so on.
	Waits []time.Duration
	// Int64N draws from [0, n) for the jitter; nil for math/rand.
	Int64N func(n int64) int64
}

// DefaultSchedule waits 1 m, 5 m, 30 m, 2 h and 12 h: six attempts over about
// 15 hours.
func DefaultSchedule() Schedule {
	return Schedule{Waits: []time.Duration{
		time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour,
	}}
}

// Next answers how long to wait after the attempt of that number (from 1), and
// false when it was the last. The wait is the scheduled one plus up to a tenth,
// never less; a longer Retry-After of the receiver counts up to twice the
// scheduled wait.
func (s Schedule) Next(attempt int, retryAfter time.Duration) (time.Duration, bool) {
	if attempt < 1 || attempt > len(s.Waits) {
		return 0, false
	}
	scheduled := s.Waits[attempt-1]
	wait := min(max(scheduled, retryAfter), 2*scheduled)
	return min(wait+s.jitter(scheduled), 2*scheduled), true
}

// jitter spreads deliveries that failed together over a tenth of their wait.
func (s Schedule) jitter(scheduled time.Duration) time.Duration {
	draw := s.Int64N
	if draw == nil {
		draw = rand.Int64N
	}
	return time.Duration(draw(int64(scheduled/10) + 1))
}

// maxRetryAfter keeps a foreign number from overflowing.
const maxRetryAfter = 7 * 24 * time.Hour

// parseRetryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3); what cannot
// be read or has passed is 0.
func parseRetryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if isDigits(text) {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
