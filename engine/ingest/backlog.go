package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// recountAfter is how old the count may be: accepting asks often, counting reads
// every unfinished row.
const recountAfter = 500 * time.Millisecond

// backlog counts unfinished work. Between two counts it adds what this
// process has accepted, so that the limit holds within a burst too. One caller
// counts at a time; the others do not wait for it.
type backlog struct {
	now                   func() time.Time
	count                 func(context.Context) (all int, by map[domain.EnvironmentID]int, err error)
	perEnvironment, total int

	mu       sync.Mutex
	counting bool
	counted  time.Time
	all      int
	by       map[domain.EnvironmentID]int
}

func (c Config) backlog(count func(context.Context) (int, map[domain.EnvironmentID]int, error)) *backlog {
	return &backlog{now: c.Store.Now, count: count, perEnvironment: c.PerEnvironment, total: c.Total}
}

func (b *backlog) full(ctx context.Context, env domain.EnvironmentID) (bool, error) {
	if b.outdated() {
		if err := b.recount(ctx); err != nil {
			return false, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all >= b.total || b.by[env] >= b.perEnvironment, nil
}

// outdated reports whether the caller shall count. A count from the future was
// made before the clock was set back.
func (b *backlog) outdated() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	age := b.now().Sub(b.counted)
	if b.counting || age >= 0 && age <= recountAfter {
		return false
	}
	b.counting = true
	return true
}

func (b *backlog) recount(ctx context.Context) error {
	now := b.now()
	all, by, err := b.count(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counting = false
	if err == nil {
		b.all, b.by, b.counted = all, by, now
	}
	return err
}

func (b *backlog) add(env domain.EnvironmentID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by != nil {
		b.all++
		b.by[env]++
	}
}
