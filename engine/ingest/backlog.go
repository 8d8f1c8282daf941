package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// recount is how old the count may be: accepting asks often, counting reads
// every unfinished row.
const recount = 500 * time.Millisecond

// backlog counts unfinished messages. Between two counts it adds what this
// process has accepted, so that the limit holds within a burst too. One caller
// counts at a time; the others do not wait for it.
type backlog struct {
	store                 *store.Store
	perEnvironment, total int

	mu       sync.Mutex
	counting bool
	counted  time.Time
	all      int
	by       map[domain.EnvironmentID]int
}

func (b *backlog) full(ctx context.Context, env domain.EnvironmentID) (bool, error) {
	if b.outdated() {
		if err := b.count(ctx); err != nil {
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
	age := b.store.Now().Sub(b.counted)
	if b.counting || age >= 0 && age <= recount {
		return false
	}
	b.counting = true
	return true
}

func (b *backlog) count(ctx context.Context) error {
	now := b.store.Now()
	all, by, err := b.store.Backlog(ctx)
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
