package callback

import (
	"math/rand/v2"
	"time"
)

// Retry is a policy: when a delivery that failed is tried again, which answers
// count as failures that may pass, and how long one attempt may take. A network
// fault may always pass; a 410 never does. The zero value classifies as the
// default policy and never tries again.
type Retry struct {
	Name string
	// Waits are the times after the first attempt, the second, and so on: one
	// fewer than attempts.
	Waits []time.Duration
	// Timeout of a whole request to a registered endpoint.
	Timeout time.Duration
	// Int64N draws from [0, n) for the jitter; nil for math/rand.
	Int64N  func(n int64) int64
	answers answers
}

// The policies that have a name of their own.
const (
	RetryDefault  = "default"
	RetryFinora   = "finora"
	RetrySandpay  = "sandpay"
	RetryStandard = "standard"
	RetryNone     = "none"
	RetryCustom   = "custom" // a list of waits, otherwise as the default
)

// endpointTimeout bounds a whole request to a registered endpoint.
const endpointTimeout = 15 * time.Second

// defaultRetry waits 1 m, 5 m, 30 m, 2 h and 12 h: six attempts over about 15
// hours.
func defaultRetry() Retry {
	return Retry{
		Name: RetryDefault, Timeout: endpointTimeout, answers: answersUsual,
		Waits: []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour},
	}
}

// namedRetry answers a policy by its name, false for a name that has none.
func namedRetry(name string) (Retry, bool) {
	r := defaultRetry()
	r.Name = name
	switch name {
	case RetryDefault:
	case RetryFinora: // the times are on its page, and that no 4xx is tried again
		r.answers = answersServer
	case RetrySandpay: // five attempts, exponential; its guide leaves the base open
		r.answers, r.Timeout = answersAny, 10*time.Second
		r.Waits = []time.Duration{time.Minute, 4 * time.Minute, 16 * time.Minute, 64 * time.Minute}
	case RetryStandard: // the example of the Standard Webhooks specification
		r.answers = answersAny
		r.Waits = []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
			10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		}
	case RetryNone:
		r.Waits = nil
	default:
		return Retry{}, false
	}
	return r, true
}

// Next answers how long to wait after the attempt of that number (from 1), and
// false when it was the last. The wait is the scheduled one plus up to an
// eighteenth, never less; a longer Retry-After of the receiver counts up to twice the
// scheduled wait.
func (r Retry) Next(attempt int, retryAfter time.Duration) (time.Duration, bool) {
	if attempt < 1 || attempt > len(r.Waits) {
		return 0, false
	}
	scheduled := r.Waits[attempt-1]
	wait := min(max(scheduled, retryAfter), 2*scheduled)
	return min(wait+r.jitter(scheduled), 2*scheduled), true
}

// jitter spreads deliveries that failed together over an eighteenth of their
// wait, a little more than half of the tenth by which an attempt may be late. The
// rest is for the way to it: of the shortest wait, a second, the relay's alarm
// may take 20 ms and a busy machine as much.
func (r Retry) jitter(scheduled time.Duration) time.Duration {
	draw := r.Int64N
	if draw == nil {
		draw = rand.Int64N
	}
	return time.Duration(draw(int64(scheduled/18) + 1))
}
