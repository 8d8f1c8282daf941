package work_test

import (
	"context"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
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
		w.must(w.store.Heartbeat(w.Context(), store.Node{ID: "node_old"}))
		w.clock.Add(8 * 24 * time.Hour)
		w.must(w.store.Heartbeat(w.Context(), store.Node{ID: "node_dead"}))
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
