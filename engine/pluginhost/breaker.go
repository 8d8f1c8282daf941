package pluginhost

import (
	"sync"
	"time"
)

// breaker keeps a connection whose vendor does not answer from using up slots
// and attempts. It opens after so many failures in a row, stays open for a
// time that doubles with each failed trial, and lets one trial through at the
// end of it.
type breaker struct {
	threshold int
	first     time.Duration

	mu       sync.Mutex
	failures int // in a row
	opened   int // in a row, 0 when closed
	until    time.Time
	trial    bool // one is under way
}

const (
	breakerDoublings = 4  // 5 s, 10, 20, 40, ...
	breakerCeiling   = 12 // ... 60 s
)

// pass is what allow gives to a call and done takes back.
type pass struct{ trial bool }

// allow answers a wait of 0 when a call may go out, else how long to wait.
// Each allowed call must be followed by one done with its pass.
func (b *breaker) allow(now time.Time) (pass, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == 0 {
		return pass{}, 0
	}
	if wait := b.until.Sub(now); wait > 0 {
		return pass{}, wait
	}
	if b.trial {
		return pass{}, b.first
	}
	b.trial = true
	return pass{trial: true}, 0
}

// verdict is what a call says about the vendor.
type verdict int

const (
	vendorAnswered verdict = iota
	vendorFailed
	vendorNotAsked // the call never reached it
)

func (b *breaker) done(now time.Time, p pass, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.trial {
		b.trial = false
	}
	switch v {
	case vendorAnswered:
		b.failures, b.opened = 0, 0
	case vendorFailed:
		b.failures++
		if p.trial || b.opened == 0 && b.failures >= b.threshold {
			b.open(now)
		}
	case vendorNotAsked:
	}
}

func (b *breaker) open(now time.Time) {
	wait := min(b.first<<min(b.opened, breakerDoublings), breakerCeiling*b.first)
	b.opened++
	b.until = now.Add(wait)
}

// reset closes the breaker: the connection was just proved to work.
func (b *breaker) reset() { b.done(time.Time{}, pass{}, vendorAnswered) }

func (b *breaker) status(now time.Time) (state BreakerState, until time.Time, failures int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.opened == 0:
		return BreakerClosed, time.Time{}, b.failures
	case b.until.After(now):
		return BreakerOpen, b.until, b.failures
	default:
		return BreakerHalfOpen, time.Time{}, b.failures
	}
}
