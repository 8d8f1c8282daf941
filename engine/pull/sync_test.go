package pull_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
)

// audited counts entries of the audit.
func (w *world) audited(action string) (n int) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id FROM audit WHERE action = $1`, action)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		n++
	}
	w.must(rows.Err())
	return n
}

func (w *world) sync(n *node) []pull.Run {
	w.Helper()
	runs, err := n.Sync(w.Context(), w.connection(), "", "key_1")
	w.must(err)
	return runs
}

func TestAPersonAsksForARun(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(3)
		w.set(func() { w.every = 0 })
		n := w.start("node_a")
		w.looked()
		runs := w.sync(n)
		if len(runs) != 1 || runs[0].State != pull.StateQueued || runs[0].Actor != "key_1" {
			w.Fatalf("%+v", runs)
		}
		if o := w.next(n); o.State != pull.StateDone || o.Cause != pull.CauseManual || o.Read != 3 {
			w.Fatalf("%+v", o)
		}
		if list := w.runs(n); len(list) != 1 || list[0].ID != runs[0].ID || list[0].Actor != "key_1" || list[0].Cause != pull.CauseManual || list[0].StartedAt.IsZero() {
			w.Errorf("%+v", list)
		}
		w.clock.Add(24 * time.Hour)
		w.looked()
		if len(n.ended) > 0 {
			w.Error("read without being asked")
		}
		if w.audited("connection.sync") != 1 {
			w.Error("not in the audit")
		}
	})
}

func TestARunThatIsUnderWayIsAnswered(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		still, on := make(chan struct{}), make(chan struct{})
		w.set(func() { w.between = func(context.Context, int) { still <- struct{}{}; <-on } })
		n := w.start("node_a")
		<-still
		if runs := w.sync(n); runs[0].State != pull.StateRunning || runs[0].Cause != pull.CauseSchedule || runs[0].Read != 2 {
			w.Errorf("%+v", runs)
		}
		on <- struct{}{}
		w.next(n)
		n.stop()
		// Nobody reads now: of many requests one is queued, and all are told of it.
		var mu sync.Mutex
		ids := map[domain.RunID]bool{}
		c := w.connection()
		others := []*node{w.service("node_b"), w.service("node_c")}
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				runs, err := others[i%2].Sync(w.Context(), c, "items", "key_1")
				if err != nil {
					w.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[runs[0].ID] = true
			})
		}
		group.Wait()
		if len(ids) != 1 || w.audited("connection.sync") != 1 {
			w.Errorf("%d runs, %d entries of the audit", len(ids), w.audited("connection.sync"))
		}
	})
}

// What a person asked for goes on though nobody reads the stream by itself.
func TestAManualRunThatWasInterruptedGoesOn(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		arrived := make(chan struct{})
		w.set(func() {
			w.every = 0
			w.between = func(ctx context.Context, _ int) { close(arrived); <-ctx.Done() }
		})
		n := w.start("node_a")
		first := w.sync(n)[0]
		<-arrived
		n.stop()
		w.set(func() { w.between = nil })
		b := w.start("node_b")
		if o := w.next(b); o.State != pull.StateDone || o.Cause != pull.CauseManual || o.Read != 2 {
			w.Fatalf("%+v", o)
		}
		if list := w.runs(b); len(list) != 2 || list[0].Actor != "key_1" || list[1].ID != first.ID || list[1].State != pull.StateInterrupted {
			w.Errorf("%+v", list)
		}
		w.holds(b, 4)
	})
}

func TestWhatCannotBeAskedForIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		n := w.service("node_a")
		_, err := n.Sync(w.Context(), w.connection(), "nothing", "key_1")
		var e *domain.Error
		if !errors.As(err, &e) || e.Kind != domain.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Pointer != "/stream" || e.Fields[0].Fix != "use one of items" {
			w.Errorf("%v", err)
		}
		if _, err := n.Preview(w.Context(), w.connection(), "nothing", 10); !errors.As(err, &e) || e.Fields[0].Code != "stream_unknown" {
			w.Errorf("%v", err)
		}
		w.streams = nil
		if _, err := n.Sync(w.Context(), w.connection(), "", "key_1"); !errors.Is(err, pull.ErrNoStreams) {
			w.Errorf("%v", err)
		}
		if _, err := n.Preview(w.Context(), w.connection(), "items", 10); !errors.Is(err, pull.ErrNoStreams) {
			w.Errorf("%v", err)
		}
	})
}

func TestAPreviewStoresNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(7)
		n := w.service("node_a")
		p, err := n.Preview(w.Context(), w.connection(), "items", 2)
		if err != nil || len(p.Records) != 2 || p.Records[0].Key != key(1) || p.CaughtUp || *p.Remaining != 5 {
			w.Fatalf("%+v, %v", p, err)
		}
		if !w.pulls[0].Preview || w.pulls[0].Limit != 2 || len(w.records(n)) != 0 || len(w.runs(n)) != 0 {
			w.Errorf("%+v", w.pulls)
		}
		// It goes on where the last run ended.
		running := w.start("node_b")
		w.next(running)
		running.stop()
		w.makes(1)
		p, err = n.Preview(w.Context(), w.connection(), "items", 100)
		if err != nil || len(p.Records) != 1 || p.Records[0].Key != key(8) || !p.CaughtUp {
			w.Fatalf("%+v, %v", p, err)
		}
		w.holds(n, 7)
		w.set(func() { w.refusal = refusal(domain.ClassUnauthorized, 0) })
		var e *domain.ConnectorError
		if _, err = n.Preview(w.Context(), w.connection(), "items", 2); !errors.As(err, &e) || e.Class != domain.ClassUnauthorized || len(w.paused) != 0 {
			w.Errorf("%v, paused %v", err, w.paused)
		}
	})
}
