package tenant

import (
	"context"
	"sync"
	"time"
)

// cache keeps what a read found for a short time. Failures and absences are not
// kept, so a guessed id costs a read and no memory.
type cache[K comparable, V any] struct {
	ttl time.Duration
	max int
	now func() time.Time

	mu      sync.RWMutex
	entries map[K]entry[V]
	// generation changes with every drop, so that a read which began before a
	// drop is not kept after it.
	generation uint64
}

type entry[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](ttl time.Duration, max int, now func() time.Time) *cache[K, V] {
	return &cache[K, V]{ttl: ttl, max: max, now: now, entries: map[K]entry[V]{}}
}

// get answers from memory or through load. The time to live counts from before
// the read: what was read cannot be older than the promise.
func (c *cache[K, V]) get(ctx context.Context, k K, load func(context.Context, K) (V, error)) (V, error) {
	began := c.now()
	c.mu.RLock()
	e, ok := c.entries[k]
	generation := c.generation
	c.mu.RUnlock()
	if ok && began.Before(e.until) {
		return e.value, nil
	}
	v, err := load(ctx, k)
	if err == nil {
		c.put(k, entry[V]{value: v, until: began.Add(c.ttl)}, generation)
	}
	return v, err
}

func (c *cache[K, V]) put(k K, e entry[V], generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.entries) >= c.max {
		clear(c.entries) // rare, and cheaper than an order of use
	}
	c.entries[k] = e
}

// drop forgets k at once.
func (c *cache[K, V]) drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	delete(c.entries, k)
}
