package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := testclock.New(time.Now().UTC().Truncate(time.Second))
			s := open(t, func(c *store.Config) { c.Now = clock.Now })
			lease := func(owner domain.NodeID) bool {
				t.Helper()
				mine, err := s.Lease(t.Context(), "job", owner, time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				return mine
			}
			held := func(owner domain.NodeID) error {
				return s.Write(t.Context(), []store.Statement{s.HeldLease("job", owner, time.Minute)})
			}
			var mu sync.Mutex
			winners := map[domain.NodeID]bool{}
			var group sync.WaitGroup
			for i := range 32 {
				group.Go(func() {
					owner := domain.NodeID([]string{"node_a", "node_b"}[i%2])
					if lease(owner) {
						mu.Lock()
						winners[owner] = true
						mu.Unlock()
					}
				})
			}
			group.Wait()
			if len(winners) != 1 {
				t.Fatalf("%d nodes have the lease", len(winners))
			}
			owner, other := domain.NodeID("node_a"), domain.NodeID("node_b")
			if winners[other] {
				owner, other = other, owner
			}
			if err := held(other); !errors.Is(err, store.ErrStale) {
				t.Errorf("the fence let another node through: %v", err)
			}
			clock.Add(50 * time.Second)
			if err := held(owner); err != nil { // renews
				t.Error(err)
			}
			clock.Add(50 * time.Second)
			if lease(other) {
				t.Error("a renewed lease was taken")
			}
			clock.Add(time.Hour)
			if err := held(owner); err != nil {
				t.Errorf("a lease that nobody has taken is lost: %v", err)
			}
			clock.Add(time.Hour)
			if !lease(other) {
				t.Error("a lease that ran out is not free")
			}
			if err := held(owner); !errors.Is(err, store.ErrStale) {
				t.Errorf("the fence let a node through that has lost its lease: %v", err)
			}
			// Only its holder gives it back.
			for _, by := range []domain.NodeID{owner, other} {
				if err := s.Write(t.Context(), []store.Statement{store.FreedLease("job", by)}); err != nil {
					t.Fatal(err)
				}
				if free := held(other) != nil; free != (by == other) {
					t.Errorf("free %t after %s gave it back", free, by)
				}
			}
			for what, leave := range map[string]func() error{
				"it left":   func() error { return s.Leave(t.Context(), owner) },
				"it lapsed": func() error { _, err := s.FreeLapsed(t.Context(), owner); return err },
				"all begin": func() error { return s.FreeAll(t.Context()) },
			} {
				if !lease(owner) {
					t.Fatal("the lease is not free")
				}
				if err := leave(); err != nil {
					t.Fatal(err)
				}
				if !lease(other) {
					t.Errorf("the lease is not free after %s", what)
				}
				if err := s.Write(t.Context(), []store.Statement{store.FreedLease("job", other)}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
