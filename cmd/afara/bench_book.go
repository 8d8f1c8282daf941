package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// benchBook keeps what callbacks are due and which have come, with their times,
// and counts those that came twice. It may be used by many goroutines.
type benchBook struct {
	n atomic.Int64

	mu         sync.Mutex
	due        map[string]expected
	seen       map[string]bool
	ends       []time.Duration // since what was posted was due
	fromAccept []time.Duration // since the post was answered
	completed  int
	last       time.Time
	duplicates int
	invalid    int
}

// expected is a callback that is due.
type expected struct {
	at       time.Time // when the post was due
	accepted time.Time // zero until it was answered
	measured bool
}

func newBenchBook() *benchBook {
	return &benchBook{due: map[string]expected{}, seen: map[string]bool{}}
}

func (b *benchBook) expect(names []string, at time.Time, measured bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		b.due[name] = expected{at: at, measured: measured}
	}
}

func (b *benchBook) unexpect(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		delete(b.due, name)
	}
}

// waits answers an expected callback that has not come.
func (b *benchBook) waits(name string) (e expected, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok = b.due[name]
	return e, ok
}

// accept notes that the post was answered; its callbacks may have come before.
func (b *benchBook) accept(names []string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		if e, ok := b.due[name]; ok {
			e.accepted = at
			b.due[name] = e
		}
	}
}

// arrive notes a callback; one of the same id before makes it a duplicate. One
// in twenty has its signature verified.
func (b *benchBook) arrive(name, id string, now time.Time, verify func() error) (first bool) {
	bad := b.n.Add(1)%20 == 0 && verify() != nil
	b.mu.Lock()
	defer b.mu.Unlock()
	if bad {
		b.invalid++
	}
	if b.seen[id] {
		b.duplicates++
		return false
	}
	b.seen[id] = true
	if e, ok := b.due[name]; ok {
		delete(b.due, name)
		b.complete(e, now)
	}
	return true
}

func (b *benchBook) complete(e expected, now time.Time) {
	if !e.measured {
		return
	}
	b.completed++
	b.last = now
	b.ends = append(b.ends, now.Sub(e.at))
	if e.accepted.IsZero() { // it overtook the answer
		e.accepted = now
	}
	b.fromAccept = append(b.fromAccept, now.Sub(e.accepted))
}

// spoiled notes a callback that was wrong in another way than its signature.
func (b *benchBook) spoiled() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invalid++
}

// open is how many expected callbacks have not come.
func (b *benchBook) open() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.due)
}
