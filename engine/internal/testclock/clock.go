// Package testclock is a time that stands still until a test moves it.
package testclock

import (
	"sync"
	"time"
)

// Clock is safe for concurrent use. Make it with New.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// New returns a clock that shows t.
func New(t time.Time) *Clock { return &Clock{now: t} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
