package work_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/engine/work"
)

func (w *world) nodes() map[domain.NodeID]bool {
	w.Helper()
	list, err := w.store.Nodes(w.Context())
	w.must(err)
	out := map[domain.NodeID]bool{}
	for _, n := range list {
		out[n.ID] = true
	}
	return out
}

func TestStartFreesWhatADeadNodeHeldAndForgetsItAfterAWeek(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.store.Heartbeat(w.Context(), &store.Node{ID: "node_old"}))
		w.clock.Add(8 * 24 * time.Hour)
		w.must(w.store.Heartbeat(w.Context(), &store.Node{ID: "node_dead"}))
		id := w.add("env_a")
		_, err := w.store.Claim(w.Context(), "node_dead", time.Hour, []domain.WorkID{id})
		w.must(err)
		w.clock.Add(store.LapseAfter + time.Second)
		n := work.NewNode(w.store, "test", "", discard())
		w.must(n.Start(w.Context()))
		if row, _, err := w.store.WorkOf(w.Context(), id); err != nil || row.Owner != "" {
			w.Errorf("row %+v, %v", row, err)
		}
		if got := w.nodes(); got["node_old"] || !got["node_dead"] || !got[n.ID()] {
			w.Errorf("nodes %v", got)
		}
	})
}

// A node that dies between the commit that stores rows as published and ringing
// leaves rows that nobody hears of; they must not wait until they are stale.
func TestWhatADeadNodeNeverRangIsPickedWhenItLapses(t *testing.T) {
	onBoth(t, func(w *world) {
		stop := w.run()
		warm := w.add("env_a")
		w.eventually("the stream is known", func() bool { return w.bus.count(warm) == 1 })
		w.must(w.store.Heartbeat(w.Context(), &store.Node{ID: "node_dead"}))
		stop()
		dying, err := work.NewRelay(work.RelayConfig{Store: w.store, Bus: w.bus, Log: discard(), Tick: 20 * time.Millisecond})
		w.must(err)
		w.applier.Announcer(dying)
		begun, end := make(chan struct{}), make(chan struct{})
		w.bus.slow = sync.OnceFunc(func() { close(begun); <-end })
		ctx, cancel := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = dying.Run(ctx) }()
		w.add("env_a")
		<-begun // the relay knows the stream now, and rings no more
		lost := w.add("env_a")
		if w.unpublished(lost) || w.bus.count(lost) > 0 {
			w.Fatal("the row was not stored as published, or was rung")
		}
		w.clock.Add(store.LapseAfter + time.Second)
		w.must(work.NewNode(w.store, "test", "", discard()).Start(w.Context()))
		if !w.unpublished(lost) {
			w.Error("nobody would look for the row for ten minutes")
		}
		cancel()
		close(end)
		<-ended
	})
}

// A heartbeat that a slow database stores late must not make a node free its own
// claims: what it is doing would be done twice.
func TestANodeIsNotLapsedForItself(t *testing.T) {
	t.Parallel()
	w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), bus: newBus()}
	var slow atomic.Bool
	w.store = storetest.Postgres(t, func(c *store.Config) {
		c.Migrations = nil
		c.Now = func() time.Time {
			if slow.Load() { // each look at the clock is long after the last
				w.clock.Add(store.LapseAfter + time.Second)
			}
			return w.clock.Now()
		}
	})
	w.applier = store.NewApplier(w.store)
	n := work.NewNode(w.store, "test", "", discard())
	w.must(w.store.Heartbeat(t.Context(), &store.Node{ID: "node_dead"}))
	owned := map[domain.NodeID]domain.WorkID{}
	for _, owner := range []domain.NodeID{n.ID(), "node_dead"} {
		owned[owner] = w.add("env_a")
		_, err := w.store.Claim(t.Context(), owner, time.Hour, []domain.WorkID{owned[owner]})
		w.must(err)
	}
	slow.Store(true)
	w.must(n.Start(t.Context()))
	for owner, want := range map[domain.NodeID]domain.NodeID{n.ID(): n.ID(), "node_dead": ""} {
		if row, _, err := w.store.WorkOf(t.Context(), owned[owner]); err != nil || row.Owner != want {
			t.Errorf("row of %s has owner %q, %v", owner, row.Owner, err)
		}
	}
}

// A node that ends must not leave rows that are marked as published and are not:
// nobody would look for them for a long time.
func TestRelayEndsWithNothingLeftToRing(t *testing.T) {
	onBoth(t, func(w *world) {
		begun, goOn := make(chan struct{}, 10), make(chan struct{})
		stop := w.run()
		warm := w.add("env_a")
		w.eventually("the stream is known", func() bool { return w.bus.count(warm) == 1 })
		stop()
		second, err := work.NewRelay(work.RelayConfig{Store: w.store, Bus: w.bus, Log: discard(), Tick: 20 * time.Millisecond})
		w.must(err)
		w.applier.Announcer(second)
		w.bus.slow = func() { begun <- struct{}{}; <-goOn }
		ctx, cancel := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = second.Run(ctx) }()
		first := w.add("env_a") // found by its state, as the stream is new to the relay
		<-begun
		rung := []domain.WorkID{w.add("env_a"), w.add("env_a"), w.add("env_a")}
		cancel()
		close(goOn)
		<-ended
		for _, id := range append(rung, first) {
			if n := w.bus.count(id); n != 1 && !w.unpublished(id) {
				w.Errorf("%s was published %d times and is marked as published", id, n)
			}
		}
		if after := w.add("env_a"); !w.unpublished(after) {
			w.Error("a row was left to a relay that has ended")
		}
	})
}

// unpublished reports whether another node would find the row at once.
func (w *world) unpublished(id domain.WorkID) bool {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT 1 FROM work WHERE id = $1 AND published_incarnation = ''`, id)
	w.must(err)
	defer rows.Close()
	return rows.Next()
}

func TestANodeHearsThatItShallDrainAndThatItNeedNot(t *testing.T) {
	onBoth(t, func(w *world) {
		n := work.NewNode(w.store, "test", "", discard())
		w.must(n.Start(w.Context()))
		ctx, stop := context.WithCancel(w.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		for _, drain := range []bool{true, false} {
			w.must(w.store.Drain(w.Context(), n.ID(), drain))
			<-n.Changed()
			if n.Draining() != drain {
				w.Errorf("draining is %t, want %t", n.Draining(), drain)
			}
		}
		stop()
		<-done
		w.must(n.Stop(w.Context()))
		for _, id := range []domain.NodeID{n.ID(), "node_nobody"} {
			if err := w.store.Drain(w.Context(), id, true); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("%s: %v", id, err)
			}
		}
	})
}
