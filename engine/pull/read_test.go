package pull_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/schemas"
)

func TestAStreamIsReadOnScheduleFromWhereItStood(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(5)
		n := w.start("node_a")
		if o := w.next(n); o.State != pull.StateDone || o.Cause != pull.CauseSchedule || o.Read != 5 || o.New != 5 || o.Changed != 0 {
			w.Fatalf("%+v", o)
		}
		w.holds(n, 5)
		w.makes(3)
		w.clock.Add(59 * time.Second)
		w.clock.Add(time.Second)
		if o := w.next(n); o.Read != 3 || o.New != 3 {
			w.Fatalf("%+v", o)
		}
		w.holds(n, 8)
		if got := w.asked(); !slices.Equal(got, []string{"", "5"}) {
			w.Errorf("the vendor was asked for what comes after %q", got)
		}
		r := w.records(n)[0]
		if r.Key != key(8) || string(r.Document.Body) != `{"n":8}` || !r.Document.Intact() || r.ConnectorVersion != "1.0.0" || !r.StoredAt.Equal(w.clock.Now()) {
			w.Errorf("%+v", r)
		}
		run := w.runs(n)[0]
		if run.ID != r.Run || run.State != pull.StateDone || run.Node != "node_a" || run.Remaining != 0 || run.ConnectorVersion != "1.0.0" || run.Error != nil {
			w.Errorf("%+v", run)
		}
	})
}

func TestARepeatIsStoredOnceAndAChangeIsCounted(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		n := w.start("node_a")
		w.next(n)
		first := w.records(n)
		// The vendor gives two items again, one of which has changed.
		w.set(func() {
			w.bodies, w.size = append(w.bodies, `{"n":1}`, `{"n":"two"}`), 10
			w.rename = map[int]string{5: key(1), 6: key(2)}
		})
		w.clock.Add(time.Minute)
		if o := w.next(n); o.Read != 2 || o.New != 0 || o.Changed != 1 {
			w.Fatalf("%+v", o)
		}
		for i, r := range w.records(n) {
			was := first[i]
			switch {
			case r.ID != was.ID || !r.FirstAt.Equal(was.FirstAt):
				w.Errorf("%s got another id or age", r.Key)
			case r.Key == key(2):
				if r.Version != 2 || string(r.Document.Body) != `{"n":"two"}` || !r.StoredAt.Equal(w.clock.Now()) || r.Run == was.Run {
					w.Errorf("%+v", r)
				}
			case r.Version != 1 || !r.StoredAt.Equal(was.StoredAt) || r.Run != was.Run:
				w.Errorf("%s was stored again", r.Key)
			}
		}
	})
}

func TestOfOneKeyInOneBatchTheLastCounts(t *testing.T) {
	onBoth(t, func(w *world) {
		w.set(func() {
			w.bodies, w.size = []string{`{"n":1}`, `{"n":"later"}`}, 2
			w.rename = map[int]string{2: key(1)}
		})
		n := w.start("node_a")
		if o := w.next(n); o.Read != 2 || o.New != 1 || o.Changed != 0 {
			w.Fatalf("%+v", o)
		}
		if list := w.records(n); len(list) != 1 || string(list[0].Document.Body) != `{"n":"later"}` || list[0].Version != 1 {
			w.Errorf("%+v", list)
		}
	})
}

func TestACursorSurvivesANewVersionOfTheConnector(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		n := w.start("node_a")
		w.next(n)
		w.set(func() { w.version = "2.0.0" })
		w.makes(1)
		w.clock.Add(time.Minute)
		if o := w.next(n); o.Read != 1 {
			w.Fatalf("%+v", o)
		}
		if got := w.asked(); got[1] != "4" {
			w.Errorf("the new version was asked for what comes after %q", got[1])
		}
		if r := w.records(n)[0]; r.ConnectorVersion != "2.0.0" {
			w.Errorf("%+v", r)
		}
	})
}

func TestProgressShowsWhileARunIsUnderWay(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(10)
		arrived, on := make(chan int), make(chan struct{})
		w.set(func() { w.between = func(_ context.Context, after int) { arrived <- after; <-on } })
		n := w.start("node_a")
		for after := 2; after < 10; after += 2 {
			if got := <-arrived; got != after {
				w.Fatalf("after %d, want %d", got, after)
			}
			run := w.runs(n)[0]
			if run.State != pull.StateRunning || run.Read != int64(after) || run.New != int64(after) || run.Remaining != int64(10-after) || !run.EndedAt.IsZero() {
				w.Errorf("%+v", run)
			}
			// Two items a second, of which 10 - after are left.
			if want := run.ProgressAt.Add(time.Duration(10-after) * time.Second / 2); after > 2 && run.EndsAt().Sub(want).Abs() > 3*time.Second {
				w.Errorf("it ends at %s, want about %s", run.EndsAt(), want)
			}
			w.clock.Add(time.Second)
			on <- struct{}{}
		}
		w.next(n)
		if run := w.runs(n)[0]; run.State != pull.StateDone || !run.EndsAt().IsZero() || run.EndedAt.IsZero() {
			w.Errorf("%+v", run)
		}
	})
}

func TestWhatCannotBeReadIsNotAsked(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(2)
		w.set(func() { w.unready = true })
		n := w.start("node_a")
		w.looked() // the connector is not ready
		w.set(func() { w.unready, w.streams = false, nil })
		w.looked() // the connector of this node does not have the stream
		w.set(func() { w.streams, w.closed = []schemas.Stream{{Name: "items"}}, true })
		w.looked() // what the node knew of the connection is true no more
		if got := w.asked(); len(got) > 0 {
			w.Fatalf("the vendor was asked: %q", got)
		}
		w.set(func() { w.closed = false })
		if o := w.next(n); o.Read != 2 {
			w.Errorf("%+v", o)
		}
	})
}

func TestANodeThatRestsEndsWhatItReadsAndBeginsNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		var rest atomic.Bool
		w.set(func() {
			w.between = func(ctx context.Context, _ int) { rest.Store(true); <-ctx.Done() }
		})
		n := w.start("node_a", func(c *pull.Config) { c.Rest, c.Lease = rest.Load, 50*time.Millisecond })
		if o := w.next(n); o.State != pull.StateInterrupted || o.New != 2 {
			w.Fatalf("%+v", o)
		}
		other := w.start("node_b")
		w.set(func() { w.between = nil })
		if o := w.next(other); o.State != pull.StateDone || o.New != 2 {
			w.Errorf("%+v", o)
		}
		if len(n.ended) > 0 {
			w.Error("the node that rests has begun another run")
		}
		w.holds(n, 4)
	})
}

func TestAConnectionThatIsStoppedIsReadNoFurther(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		w.set(func() {
			w.between = func(ctx context.Context, _ int) { w.set(func() { w.closed = true }); <-ctx.Done() }
		})
		n := w.start("node_a", func(c *pull.Config) { c.Lease = 50 * time.Millisecond })
		if o := w.next(n); o.State != pull.StateInterrupted || o.New != 2 {
			w.Fatalf("%+v", o)
		}
		w.set(func() { w.closed, w.between = false, nil })
		if o := w.next(n); o.State != pull.StateDone || o.New != 2 {
			w.Errorf("%+v", o)
		}
		w.holds(n, 4)
	})
}

// What reads nothing new leaves one row, not one for each minute.
func TestQuietRunsLeaveOneRow(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(1)
		n := w.start("node_a")
		w.next(n)
		for range 4 {
			w.clock.Add(time.Minute)
			if o := w.next(n); o.State != pull.StateDone || o.Read != 0 {
				w.Fatalf("%+v", o)
			}
		}
		list := w.runs(n)
		if len(list) != 2 || list[0].Read != 0 || !list[0].EndedAt.Equal(w.clock.Now()) || list[1].Read != 1 {
			w.Errorf("%+v", list)
		}
	})
}
