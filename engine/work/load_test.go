package work_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/work"
)

type loader = func(context.Context, []domain.Work) (map[domain.WorkID]domain.Work, error)

// loading is a receiver with a Load of its own.
func (w *world) loading(load loader, walk func(domain.Work)) *work.Receiver[domain.Work] {
	w.Helper()
	r, err := work.NewReceiver(work.ReceiverConfig[domain.Work]{
		Stream: "s", Store: w.store, Relay: w.relay, Owner: "node_1", Log: discard(), Lease: aMinute,
		Load: load, Walk: func(_ context.Context, row domain.Work) { walk(row) },
	})
	w.must(err)
	return r
}

func all(rows []domain.Work) map[domain.WorkID]domain.Work {
	out := map[domain.WorkID]domain.Work{}
	for _, r := range rows {
		out[r.ID] = r
	}
	return out
}

// receive takes arrivals side by side.
func (w *world) receive(r *work.Receiver[domain.Work], ids ...domain.WorkID) {
	w.Helper()
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() {
			if err := r.Receive(w.Context(), domain.Envelope{ID: id}, func() {}); err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
}

func TestOneRowThatCannotBeLoadedStopsNoOther(t *testing.T) {
	onBoth(t, func(w *world) {
		bad := w.add("env_a")
		ids := []domain.WorkID{bad}
		for range 20 {
			ids = append(ids, w.add("env_a"))
		}
		walked := make(chan domain.WorkID, len(ids))
		r := w.loading(func(_ context.Context, rows []domain.Work) (map[domain.WorkID]domain.Work, error) {
			if _, there := all(rows)[bad]; there {
				return nil, errors.New("its connection is gone")
			}
			return all(rows), nil
		}, func(row domain.Work) { walked <- row.ID })
		w.receive(r, ids...)
		if n := len(walked); n != len(ids)-1 {
			w.Errorf("%d of %d walked", n, len(ids)-1)
		}
		w.putOff(bad)
	})
}

func TestRowThatIsUnknownHereGoesBackInOrder(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.add("env_a")
		r := w.loading(func(context.Context, []domain.Work) (map[domain.WorkID]domain.Work, error) { return nil, nil },
			func(domain.Work) { w.Error("walked") })
		for range 5 {
			w.receive(r, id)
			w.putOff(id)
			w.clock.Add(time.Minute)
		}
		if row := w.claim(id); row.LostClaims != 0 {
			w.Errorf("%d lost claims", row.LostClaims)
		}
	})
}

// putOff fails unless the row is nobody's and due in a minute.
func (w *world) putOff(id domain.WorkID) {
	w.Helper()
	row, _, err := w.store.WorkOf(w.Context(), id)
	if err != nil || row.Owner != "" || !row.DueAt.Equal(w.clock.Now().Add(time.Minute)) {
		w.Errorf("row %+v, %v", row, err)
	}
}

// The second arrival's load waits for the first one's walk: whoever claimed for
// others before walking would never get there.
func TestNobodyClaimsForOthersInsteadOfWalking(t *testing.T) {
	onBoth(t, func(w *world) {
		first, second := w.add("env_a"), w.add("env_a")
		walked := make(chan struct{})
		var group sync.WaitGroup
		var r *work.Receiver[domain.Work]
		r = w.loading(func(ctx context.Context, rows []domain.Work) (map[domain.WorkID]domain.Work, error) {
			if rows[0].ID == first {
				group.Go(func() { w.must(r.Receive(ctx, domain.Envelope{ID: second}, func() {})) })
				_, err := w.store.Nodes(ctx) // time for it to queue
				return all(rows), err
			}
			select {
			case <-walked:
			case <-time.After(10 * time.Second):
				w.Error("the first arrival does not walk while the second loads")
			}
			return all(rows), nil
		}, func(row domain.Work) {
			if row.ID == first {
				close(walked)
			}
		})
		w.receive(r, first)
		group.Wait()
	})
}

func TestRowWhoseGateClosedOnItsWayGoesOutWhenItOpens(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		id := w.add("env_a")
		w.eventually("published", func() bool { return w.bus.count(id) == 1 })
		w.must(w.store.CloseGate(w.Context(), store.Gate{Key: "con_1", ClosedUntil: w.clock.Now().Add(time.Hour), Reason: "unauthorized"}))
		w.receive(w.receiver(0, func(domain.Work) { w.Error("walked behind a closed gate") }), id)
		w.must(w.store.OpenGate(w.Context(), "con_1"))
		w.eventually("published again once the gate is open", func() bool { return w.bus.count(id) == 2 })
	})
}

// A claim whose lease has lapsed may be published again while its worker still
// settles: the row then waits for its time, not for the lost publication.
func TestWaitingRowIsNotPublished(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.add("env_a")
		row := w.claim(id)
		w.clock.Add(time.Minute + time.Second)
		pick := store.PickRequest{Streams: map[string]store.StreamRoom{"s": {Incarnation: "one", Room: 9}}, Lost: true}
		if rows, err := w.store.Pick(w.Context(), pick); err != nil || len(rows) != 1 {
			w.Fatalf("picked %v, %v", rows, err)
		}
		due := w.clock.Now().Add(time.Second)
		w.must(w.applier.Apply(w.Context(), domain.Change{Work: &domain.WorkChange{ID: id, Epoch: row.Epoch, Move: domain.MoveWait, Stage: "prepare", DueAt: due}}))
		w.clock.Add(time.Second)
		pick.Lost = false
		if rows, err := w.store.Pick(w.Context(), pick); err != nil || len(rows) != 1 {
			w.Errorf("picked %v when it was due, %v", rows, err)
		}
	})
}

// Nodes that pick and claim the same rows at once: a claimed row keeps its owner.
func TestPickTakesNoRowThatWasJustClaimed(t *testing.T) {
	onBoth(t, func(w *world) {
		const rows, nodes = 300, 8
		for range rows {
			w.add("env_a")
		}
		var mu sync.Mutex
		claimed := map[domain.WorkID]domain.Work{}
		var group sync.WaitGroup
		for n := range nodes {
			owner := domain.NodeID(fmt.Sprintf("node_%d", n))
			group.Go(func() {
				// A room of its own incarnation makes each node think that Redis was
				// wiped since the others published.
				pick := store.PickRequest{Streams: map[string]store.StreamRoom{"s": {Incarnation: string(owner), Room: 20}}, Lost: true}
				for range 25 {
					picked, err := w.store.Pick(w.Context(), pick)
					w.must(err)
					ids := make([]domain.WorkID, len(picked))
					for i, row := range picked {
						ids[i] = row.ID
					}
					got, err := w.store.Claim(w.Context(), owner, time.Hour, ids)
					w.must(err)
					mu.Lock()
					for _, row := range got {
						if other, twice := claimed[row.ID]; twice {
							w.Errorf("%s was claimed by %s and by %s", row.ID, other.Owner, owner)
						}
						claimed[row.ID] = row
					}
					mu.Unlock()
				}
			})
		}
		group.Wait()
		for id, row := range claimed {
			if now, _, err := w.store.WorkOf(w.Context(), id); err != nil || now.Owner != row.Owner {
				w.Errorf("%s has owner %q, %s had claimed it, %v", id, now.Owner, row.Owner, err)
			}
		}
	})
}
