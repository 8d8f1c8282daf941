package work_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/work"
)

// receiver walks rows by noting them; walk may do more.
func (w *world) receiver(slots int, walk func(domain.Work)) *work.Receiver[domain.Work] {
	w.Helper()
	r, err := work.NewReceiver(work.ReceiverConfig[domain.Work]{
		Stream: "s", Store: w.store, Relay: w.relay, Owner: "node_1", Log: discard(), Lease: aMinute, Slots: slots,
		Load: func(_ context.Context, rows []domain.Work) (map[domain.WorkID]domain.Work, error) {
			out := map[domain.WorkID]domain.Work{}
			for _, r := range rows {
				out[r.ID] = r
			}
			return out, nil
		},
		Walk: func(_ context.Context, row domain.Work) { walk(row) },
	})
	w.must(err)
	return r
}

func (w *world) done(row domain.Work) {
	w.Helper()
	w.must(w.applier.Apply(w.Context(), domain.Change{Work: &domain.WorkChange{ID: row.ID, Epoch: row.Epoch, Move: domain.MoveDone}}))
}

func TestArrivalsAreClaimedTogetherAndWalkedOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		const rows = 100
		var ids []domain.WorkID
		for range rows {
			ids = append(ids, w.add("env_a"))
		}
		var walks atomic.Int32
		r := w.receiver(0, func(row domain.Work) {
			walks.Add(1)
			if row.Epoch != 1 || row.Owner != "node_1" {
				w.Errorf("claimed as %+v", row)
			}
		})
		var group sync.WaitGroup
		for _, id := range append(ids, ids...) { // each arrives twice
			group.Go(func() { w.must(r.Receive(w.Context(), domain.Envelope{ID: id}, func() {})) })
		}
		group.Wait()
		if n := walks.Load(); n != rows {
			w.Errorf("%d walks of %d rows", n, rows)
		}
	})
}

func TestAckFollowsTheClaimAndPrecedesTheWalk(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.add("env_a")
		acked := false
		r := w.receiver(0, func(domain.Work) {
			if !acked {
				w.Error("walked before the ack")
			}
		})
		w.must(r.Receive(w.Context(), domain.Envelope{ID: id}, func() {
			row, _, err := w.store.WorkOf(w.Context(), id)
			if err != nil || row.Owner != "node_1" {
				w.Errorf("acked before the claim was committed: %+v %v", row, err)
			}
			acked = true
		}))
	})
}

func TestNothingIsAckedThatWasNotClaimed(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.add("env_a")
		r := w.receiver(1, func(domain.Work) {})
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if err := r.Receive(ctx, domain.Envelope{ID: id}, func() { w.Error("acked") }); err == nil {
			w.Error("no error although nothing was claimed")
		}
	})
}

func TestKeptRowNeedsNeitherBusNorClaim(t *testing.T) {
	onBoth(t, func(w *world) {
		walked := make(chan domain.Work, 10)
		keeper := work.NewKeeper(w.Context(), w.receiver(1, func(row domain.Work) {
			w.done(row)
			walked <- row
		}))
		w.relay.Keep("s", keeper)
		id := w.add("env_a")
		if row := <-walked; row.ID != id || row.Epoch != 1 {
			w.Errorf("walked %+v", row)
		}
		// A change that fails gives its slot back: there is only one.
		refused := domain.Change{
			Work:  &domain.WorkChange{ID: "msg_gone", Epoch: 7, Move: domain.MoveDone},
			Parts: []domain.Part{domain.Work{ID: "msg_never", Kind: domain.WorkMessage, Stream: "s", Stage: "prepare", DueAt: w.clock.Now()}},
		}
		if err := w.applier.Apply(w.Context(), refused); err == nil {
			w.Fatal("a change with a stale fence was applied")
		}
		w.eventually("the slot is free again", func() bool {
			id := w.add("env_a")
			row, _, err := w.store.WorkOf(w.Context(), id)
			return err != nil || row.Owner != "" // claimed at birth, or walked already
		})
		later := w.addDue("env_a", w.clock.Now().Add(time.Second))
		if row, _, err := w.store.WorkOf(w.Context(), later); err != nil || row.Owner != "" {
			w.Errorf("a row that is due later was kept: %+v, %v", row, err)
		}
		keeper.Close()
		after := w.add("env_a")
		if row, _, err := w.store.WorkOf(w.Context(), after); err != nil || row.Owner != "" {
			w.Errorf("a closed keeper took %+v, %v", row, err)
		}
	})
}

func TestLapsedNodeLosesItsClaimsAndALiveOneDoesNot(t *testing.T) {
	onBoth(t, func(w *world) {
		dead, live := store.Node{ID: "node_dead"}, store.Node{ID: "node_live"}
		w.must(w.store.Heartbeat(w.Context(), &dead))
		w.clock.Add(store.LapseAfter + time.Second)
		w.must(w.store.Heartbeat(w.Context(), &live))
		claimed := map[domain.NodeID]domain.WorkID{}
		for _, n := range []domain.NodeID{"node_dead", "node_live"} {
			id := w.add("env_a")
			_, err := w.store.Claim(w.Context(), n, time.Hour, []domain.WorkID{id})
			w.must(err)
			claimed[n] = id
		}
		nodes, err := w.store.Nodes(w.Context())
		w.must(err)
		for _, n := range nodes {
			if !n.Live(w.clock.Now()) {
				_, err := w.store.FreeLapsed(w.Context(), n.ID)
				w.must(err)
			}
		}
		for n, want := range map[domain.NodeID]domain.NodeID{"node_dead": "", "node_live": "node_live"} {
			if row, _, err := w.store.WorkOf(w.Context(), claimed[n]); err != nil || row.Owner != want {
				w.Errorf("row of %s has owner %q, %v", n, row.Owner, err)
			}
		}
	})
}

// When a node dies with many messages in flight, none of them is to blame; one
// that was alone counts a lost claim.
func TestClaimLostAmongOthersDoesNotCount(t *testing.T) {
	onBoth(t, func(w *world) {
		doubtful := func(owner domain.NodeID) domain.WorkID {
			id := w.add("env_a")
			rows, err := w.store.Claim(w.Context(), owner, time.Hour, []domain.WorkID{id})
			w.must(err)
			w.must(w.applier.Apply(w.Context(), domain.Change{Work: &domain.WorkChange{
				ID: id, Epoch: rows[0].Epoch, Move: domain.MoveKeep, Stage: "sign", LeaseUntil: w.clock.Now().Add(time.Hour), OpenAttempt: "att_1",
			}}))
			return id
		}
		want := map[domain.WorkID]int{doubtful("node_many"): 0, doubtful("node_many"): 0, doubtful("node_one"): 1}
		for _, n := range []domain.NodeID{"node_many", "node_one"} {
			_, err := w.store.FreeLapsed(w.Context(), n)
			w.must(err)
		}
		for id, lost := range want {
			if row, _, err := w.store.WorkOf(w.Context(), id); err != nil || row.LostClaims != lost || row.Owner != "" {
				w.Errorf("lost claims %d, want %d; owner %q, %v", row.LostClaims, lost, row.Owner, err)
			}
		}
	})
}

// A row that was published by a clock ahead of this node's waits for its time
// and not for the next tick.
func TestRowThatCameTooEarlyIsPickedAtItsTime(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		first := w.add("env_a")
		w.eventually("the stream is known", func() bool { return w.bus.count(first) == 1 })
		early := w.add("env_a")
		w.eventually("rung at once", func() bool { return w.bus.count(early) == 1 })
		w.clock.Add(-50 * time.Millisecond) // this node's clock is behind that of the one that stored it
		walks := 0
		r := w.receiver(0, func(domain.Work) { walks++ })
		w.must(r.Receive(w.Context(), domain.Envelope{ID: early}, func() {}))
		w.clock.Add(time.Second)
		w.eventually("rung again at its time", func() bool { return w.bus.count(early) == 2 })
		w.must(r.Receive(w.Context(), domain.Envelope{ID: early}, func() {}))
		if walks != 1 {
			w.Errorf("%d walks", walks)
		}
	}, func(c *work.RelayConfig) { c.Tick = time.Hour })
}

// A row behind a closed gate is not rung over and over by those who cannot
// claim it.
func TestRowBehindAGateIsNotRungAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		id := w.add("env_a")
		w.eventually("rung", func() bool { return w.bus.count(id) == 1 })
		w.must(w.store.CloseGate(w.Context(), store.Gate{Key: "con_1", ClosedUntil: w.clock.Now().Add(time.Hour), Reason: "unauthorized"}))
		w.must(w.receiver(0, func(domain.Work) { w.Error("walked") }).Receive(w.Context(), domain.Envelope{ID: id}, func() {}))
		after := domain.Work{ID: "msg_after", Kind: domain.WorkMessage, Stream: "t", Environment: "env_a", Stage: "prepare", DueAt: w.clock.Now()}
		w.must(w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{after}})) // unpublished: its pick comes after the row's
		w.eventually("the relay has picked since", func() bool { return w.bus.count(after.ID) == 1 })
		if n := w.bus.count(id); n != 1 {
			w.Errorf("rung %d times", n)
		}
	}, func(c *work.RelayConfig) { c.Tick = time.Hour })
}
