package payment

import (
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// polls spreads the look-ups of payments that wait, so that many thousand open
// prompts cost a connection no more than its budget.
type polls struct {
	first time.Duration // when the operator's push is overdue
	apart time.Duration // between two look-ups of a connection

	mu   sync.Mutex
	last map[domain.ConnectionID]time.Time // the last moment that was given away
}

const (
	// usualPoll is the time between looks where the budget allows it, longestPoll
	// the longest where it does not.
	usualPoll   = time.Minute
	longestPoll = 15 * time.Minute
)

// next is when to look after so many waits: first, half as much again each time,
// 60 s at most, and later where others of the connection come before. Few payments
// come to a look, so first ones are not counted.
func (p *polls) next(connection domain.ConnectionID, waits int, now time.Time) time.Time {
	wait := p.first
	for range min(waits, 12) {
		wait = min(wait+wait/2, usualPoll)
	}
	at := now.Add(wait)
	if waits == 0 {
		return at
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = map[domain.ConnectionID]time.Time{}
	}
	if free := p.last[connection].Add(p.apart); at.Before(free) {
		at = free
	}
	if latest := now.Add(longestPoll); at.After(latest) {
		at = latest
	}
	p.last[connection] = at
	return at
}
