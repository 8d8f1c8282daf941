package bus

import (
	"context"
	"sync"
)

// tally counts what runs and can be waited for with a limit. Unlike a
// sync.WaitGroup it may be added to while somebody waits.
type tally struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when n is 0 and somebody waits
}

// add counts one more. It returns false once wait was called, and counts all
// the same: what runs runs.
func (t *tally) add() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	return !t.closed
}

func (t *tally) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns true when nothing runs, false when ctx ends first.
func (t *tally) wait(ctx context.Context) bool {
	t.mu.Lock()
	t.closed = true
	if t.n == 0 {
		t.mu.Unlock()
		return true
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}
