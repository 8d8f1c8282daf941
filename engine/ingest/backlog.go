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
// process has accepted, so that the limit holds within a burst too.
type backlog struct {
	store                 *store.Store
	perEnvironment, total int

	mu      sync.Mutex
	counted time.Time
	all     int
	by      map[domain.EnvironmentID]int
}

func (b *backlog) full(ctx context.Context, env domain.EnvironmentID) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.store.Now(); now.Sub(b.counted) > recount {
		all, by, err := b.store.Backlog(ctx)
		if err != nil {
			return false, err
		}
		b.all, b.by, b.counted = all, by, now
	}
	return b.all >= b.total || b.by[env] >= b.perEnvironment, nil
}

func (b *backlog) add(env domain.EnvironmentID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by != nil {
		b.all++
		b.by[env]++
	}
}
