package corridor

import (
	"context"
	"sync"
	"time"
)

// cache keeps what a read found for a short time. Absences are not kept, so a
// guessed name costs a read and no memory.
type cache[K comparable, V any] struct {
	age time.Duration
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
	at    time.Time // when the read began
}

func newCache[K comparable, V any](age time.Duration, max int, now func() time.Time) *cache[K, V] {
	return &cache[K, V]{age: age, max: max, now: now, entries: map[K]entry[V]{}}
}

// get answers from memory or through load. What seems to come from the future
// was read before the clock was set back.
func (c *cache[K, V]) get(ctx context.Context, k K, load func(context.Context, K) (V, error)) (V, error) {
	now := c.now()
	c.mu.RLock()
	e, ok := c.entries[k]
	generation := c.generation
	c.mu.RUnlock()
	if age := now.Sub(e.at); ok && age >= 0 && age <= c.age {
		return e.value, nil
	}
	v, err := load(ctx, k)
	if err == nil {
		c.put(k, entry[V]{v, now}, generation)
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
