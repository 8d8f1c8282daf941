package main

import "sync"

// begun is what this process began: what proves a notification about it.
type begun struct {
	payToken, notifyToken string
	amount                int64
}

type recallKey struct{ connection, reference string }

// recall remembers the payments that this process began last. It is a cache: a
// notification about a payment that it does not have is judged by its address.
// It is safe for concurrent use.
type recall struct {
	mu    sync.Mutex
	begun map[recallKey]begun
	order []recallKey // the oldest first
}

const maxRecall = 10_000

func newRecall() *recall { return &recall{begun: map[recallKey]begun{}} }

func (r *recall) put(connection, reference string, b begun) {
	key := recallKey{connection, reference}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.begun[key]; !known {
		r.order = append(r.order, key)
	}
	r.begun[key] = b
	for len(r.order) > maxRecall {
		delete(r.begun, r.order[0])
		r.order = r.order[1:]
	}
}

func (r *recall) get(connection, reference string) (begun, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, known := r.begun[recallKey{connection, reference}]
	return b, known
}
