package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// Callers who pile up behind a slow one share commits, within bounds of number
// and size.
func TestGroupsAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit, size     int
		largest, groups int
	}{
		"all in one":      {limit: 64, size: 10, largest: callers, groups: 1},
		"by number":       {limit: 5, size: 10, largest: 5, groups: 7},
		"by size":         {limit: 64, size: 3 << 20, largest: 2, groups: 16},
		"each by its own": {limit: 1, size: 10, largest: 1, groups: callers},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sizes []int
			s := storetest.SQLite(t, storetest.Tables, func(cfg *store.Config) {
				cfg.GroupLimit = c.limit
				cfg.Observe = func(c store.Commit) {
					mu.Lock()
					defer mu.Unlock()
					sizes = append(sizes, c.Members)
				}
			})
			pileUp(t, s, min(callers, 4*c.limit), func(i int) error {
				return s.Write(t.Context(), row(fmt.Sprintf("r%02d", i), c.size))
			})
			mu.Lock()
			defer mu.Unlock()
			sizes = sizes[1:] // the slow one
			largest := 0
			for _, n := range sizes {
				largest = max(largest, n)
			}
			if largest > c.largest || c.limit > 1 && largest < 2 || len(sizes) < c.groups {
				t.Errorf("groups %v, want at least %d of at most %d", sizes, c.groups, c.largest)
			}
		})
	}
}

// pileUp holds SQLite's writer until waiting callers of fn have queued.
func pileUp(t *testing.T, s *store.Store, waiting int, fn func(i int) error) {
	t.Helper()
	held, free := make(chan struct{}), make(chan struct{})
	slow := make(chan error, 1)
	go func() {
		slow <- s.Update(context.WithoutCancel(t.Context()), func(ctx context.Context, tx store.Tx) error {
			close(held)
			<-free
			_, err := tx.Exec(ctx, `INSERT INTO probe (id) VALUES ('slow')`)
			return err
		})
	}()
	<-held
	all := make(chan []error, 1)
	go func() { all <- together(fn) }()
	storetest.Await(t, "callers to queue", func() bool { return store.Waiting(s) >= waiting })
	close(free)
	if err := errors.Join(append(<-all, <-slow)...); err != nil {
		t.Fatal(err)
	}
}
