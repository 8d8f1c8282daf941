package pull_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
)

func TestOtherTimesAreKeptFromTheNextLookOn(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(1)
		w.set(func() { w.every = 24 * time.Hour })
		n := w.start("node_a")
		w.next(n)
		w.clock.Add(time.Hour)
		w.set(func() { w.every = 10 * time.Second })
		// Each start lists the connections anew.
		n.stop()
		n = w.start("node_b")
		w.looked()
		w.clock.Add(10 * time.Second)
		w.next(n)
		w.set(func() { w.every = 0 })
		n.stop()
		n = w.start("node_c")
		w.clock.Add(time.Hour)
		w.looked()
		if len(n.ended) > 0 {
			w.Error("read though only a person may ask for it")
		}
	})
}

func TestADeletedConnectionLeavesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(1100)
		still, on := make(chan struct{}), make(chan struct{})
		w.set(func() {
			w.size = 550
			w.between = func(context.Context, int) { still <- struct{}{}; <-on }
		})
		n := w.start("node_a")
		<-still
		if len(w.records(n)) != 550 {
			w.Fatal("not half of it is there")
		}
		w.set(func() { w.closed = true })
		w.must(n.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{pull.Gone(connectionID, w.clock.Now())}}))
		on <- struct{}{}
		if o := w.next(n); o.State != pull.StateInterrupted || o.Read != 550 {
			w.Errorf("a batch was stored of a connection that is gone: %+v", o)
		}
		n.stop()
		for {
			more, err := n.Expire(w.Context(), 24*time.Hour)
			w.must(err)
			if !more {
				break
			}
		}
		for _, table := range []string{"pull_stream", "pull_record", "pull_run"} {
			rows, err := w.store.Reader().Query(w.Context(), `SELECT 1 FROM `+table)
			w.must(err)
			if rows.Next() {
				w.Errorf("%s has rows left", table)
			}
			rows.Close()
		}
	})
}

func TestRunsAndRecordsHaveTheirDay(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(2)
		n := w.start("node_a")
		w.next(n)
		n.stop()
		w.clock.Add(10 * 24 * time.Hour)
		w.makes(1)
		n = w.start("node_a")
		w.next(n)
		n.stop()
		_, err := n.Expire(w.Context(), 11*24*time.Hour)
		w.must(err)
		w.holds(n, 3)
		w.clock.Add(21 * 24 * time.Hour)
		_, err = n.Expire(w.Context(), 22*24*time.Hour)
		w.must(err)
		if list := w.records(n); len(list) != 1 || list[0].Key != key(3) {
			w.Errorf("%+v", list)
		}
		if list := w.runs(n); len(list) != 1 || list[0].Read != 1 {
			w.Errorf("%+v", list)
		}
	})
}

func TestListsHavePages(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(7)
		w.set(func() { w.bodies[3] = `"` + strings.Repeat("x", 5<<20) + `"` })
		n := w.start("node_a")
		w.next(n)
		f := pull.Filter{Environment: environment, Connection: connectionID, Stream: "items", Limit: 3}
		var keys []string
		for more := true; more; {
			var list []pull.Record
			var err error
			list, more, err = n.Records(w.Context(), f)
			w.must(err)
			for _, r := range list {
				keys, f.After = append(keys, r.Key), string(r.ID)
			}
			if len(list) == 0 || len(list) > 3 {
				w.Fatalf("a page of %d", len(list))
			}
		}
		if len(keys) != 7 || keys[0] != key(7) || !slices.IsSortedFunc(keys, func(a, b string) int { return strings.Compare(b, a) }) {
			w.Errorf("%q", keys)
		}
		one := pull.Filter{Environment: environment, Connection: connectionID, Stream: "items", Key: key(2), Limit: 3}
		if list, _, err := n.Records(w.Context(), one); err != nil || len(list) != 1 || list[0].Key != key(2) {
			w.Errorf("%+v, %v", list, err)
		}
		for _, f := range []pull.Filter{
			{Environment: "env_b", Connection: connectionID, Stream: "items", Limit: 3}, {Environment: environment, Connection: "con_b", Stream: "items", Limit: 3},
			{Environment: environment, Connection: connectionID, Stream: "others", Limit: 3},
		} {
			list, more, err := n.Records(w.Context(), f)
			runs, runsErr := n.Runs(w.Context(), f)
			if err != nil || runsErr != nil || len(list) > 0 || more || len(runs) > 0 {
				w.Errorf("%+v gives %d records and %d runs: %v, %v", f, len(list), len(runs), err, runsErr)
			}
		}
	})
}
