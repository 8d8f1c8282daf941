// Package began owns the fact that a call's request with an effect has begun:
// whether one may still begin, whether one did. It stands apart so that sdk and
// sdk/httpclient share it without importing each other.
package began

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Why a request with an effect may not begin. After any of them nothing of it
// has left the process.
var (
	ErrDeadline = errors.New("the deadline for starting a request with an effect has passed")
	ErrTwice    = errors.New("a request with an effect has already begun in this call")
	ErrOver     = errors.New("the call is over")
)

// Tracker watches one call. It is safe for concurrent use.
type Tracker struct {
	effect   bool
	deadline time.Time
	now      func() time.Time

	mu    sync.Mutex
	began bool
	over  bool
}

// New makes the tracker of a call. effect says whether the operation has one;
// a zero deadline is none.
func New(effect bool, deadline time.Time, now func() time.Time) *Tracker {
	return &Tracker{effect: effect, deadline: deadline, now: now}
}

// Effect reports whether the call's operation has an effect.
func (t *Tracker) Effect() bool { return t.effect }

// Begin is the last step before the first byte of a request with an effect.
// When it answers nil the request counts as begun, for ever. A call begins at
// most one; on an operation without effect Begin allows everything and marks
// nothing.
func (t *Tracker) Begin() error {
	if !t.effect {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over:
		return ErrOver
	case t.began:
		return ErrTwice
	case !t.deadline.IsZero() && t.now().After(t.deadline):
		return ErrDeadline
	}
	t.began = true
	return nil
}

// Began reports whether a request with an effect has begun.
func (t *Tracker) Began() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.began
}

// End forbids every later Begin and reports whether one had succeeded. What a
// handler leaves running can so never contradict the answer given for it.
func (t *Tracker) End() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return t.began
}

type key struct{}

// With puts the tracker of a call into its context.
func With(ctx context.Context, t *Tracker) context.Context {
	return context.WithValue(ctx, key{}, t)
}

// From gives the tracker of the call that ctx belongs to, or nil.
func From(ctx context.Context) *Tracker {
	t, _ := ctx.Value(key{}).(*Tracker)
	return t
}
