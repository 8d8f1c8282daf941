package pull_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/pull"
)

func TestManyNodesReadAStreamOneAtATime(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(200)
		nodes := []*node{w.start("node_a"), w.start("node_b"), w.start("node_c"), w.start("node_d")}
		w.eventually("all is read", func() bool { return len(w.records(nodes[0])) == 200 })
		for range 5 {
			w.makes(20)
			w.clock.Add(time.Minute)
			want := 0
			w.set(func() { want = len(w.bodies) })
			w.eventually("the next is read", func() bool { return len(w.records(nodes[0])) == want })
		}
		for _, n := range nodes {
			n.stop()
		}
		w.holds(nodes[0], 300)
		w.set(func() {
			if w.most != 1 {
				w.Errorf("%d readers at once", w.most)
			}
		})
		if got := w.asked(); !slices.IsSorted(lengths(got)) || len(got) != 6 {
			w.Errorf("the vendor was asked for what comes after %q", got)
		}
	})
}

func lengths(all []string) (out []int) {
	for _, s := range all {
		out = append(out, len(s))
	}
	return out
}

// A node stands still between two batches for longer than its lease. Another one
// goes on from the position of the last stored batch; then the first has a batch in
// hand that is not its to store any more.
func TestANodeThatLostItsLeaseWritesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(8)
		still, on := make(chan struct{}), make(chan struct{})
		w.set(func() {
			w.between = func(_ context.Context, after int) {
				if after == 4 {
					still <- struct{}{}
					<-on
				}
			}
		})
		a := w.start("node_a")
		<-still
		w.set(func() { w.between = nil })
		lost := w.runs(a)[0]
		b := w.start("node_b")
		w.looked() // the lease is node_a's
		if got := w.asked(); len(got) != 1 {
			w.Fatalf("the lease was not waited for: %q", got)
		}
		w.clock.Add(leaseTime + time.Second)
		if o := w.next(b); o.State != pull.StateDone || o.Read != 4 || o.New != 4 {
			w.Fatalf("%+v", o)
		}
		if got := w.asked(); got[1] != "4" {
			w.Errorf("node_b asked for what comes after %q", got[1])
		}
		before := w.runs(b)
		w.set(func() { w.bodies = append(w.bodies[:4:4], `{"n":"forged"}`, `{"n":"forged"}`) })
		on <- struct{}{}
		if o := w.next(a); o.State != pull.StateInterrupted || o.Read != 4 {
			w.Errorf("%+v", o)
		}
		w.holds(b, 8)
		for i, run := range w.runs(b) {
			if run.ID != before[i].ID || run.State != before[i].State || run.Read != before[i].Read {
				w.Errorf("node_a wrote into %+v", run)
			}
			if run.ID == lost.ID && (run.State != pull.StateInterrupted || run.EndedAt.IsZero()) {
				w.Errorf("the lost run is %+v", run)
			}
		}
	})
}

// A node that is killed leaves a lease, which its heartbeat's end frees.
func TestTheLeaseOfALapsedNodeIsFree(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		still := make(chan struct{})
		w.set(func() { w.between = func(ctx context.Context, _ int) { still <- struct{}{}; <-ctx.Done() } })
		w.start("node_a")
		<-still
		w.set(func() { w.between = nil })
		free, err := w.store.Lease(w.Context(), "pull.con_a.items", "node_b", time.Second)
		if err != nil || free {
			w.Fatalf("a live node's lease is free: %v", err)
		}
		_, err = w.store.FreeLapsed(w.Context(), "node_a")
		w.must(err)
		free, err = w.store.Lease(w.Context(), "pull.con_a.items", "node_b", time.Second)
		if err != nil || !free {
			w.Errorf("the lease of a lapsed node is not free: %v", err)
		}
	})
}

// A node that is told to stop gives its lease back, and the next one goes on at once
// with the batch after the last stored one.
func TestWhatAStopInterruptsAnotherNodeGoesOnWith(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(20)
		for stops := 0; stops < 5; stops++ {
			arrived := make(chan struct{})
			w.set(func() { w.between = func(ctx context.Context, _ int) { close(arrived); <-ctx.Done() } })
			n := w.start("node_a")
			<-arrived
			n.stop()
			if o := w.next(n); o.State != pull.StateInterrupted || o.Read != 2 || o.Cause != pull.CauseSchedule {
				w.Fatalf("%+v", o)
			}
		}
		w.set(func() { w.between = nil })
		n := w.start("node_b")
		if o := w.next(n); o.State != pull.StateDone || o.Read != 10 {
			w.Errorf("%+v", o)
		}
		w.holds(n, 20)
		if got := w.asked(); !slices.Equal(got, []string{"", "2", "4", "6", "8", "10"}) {
			w.Errorf("the vendor was asked for what comes after %q", got)
		}
		if list := w.runs(n); len(list) != 6 || list[5].State != pull.StateInterrupted || list[0].State != pull.StateDone {
			w.Errorf("%+v", list)
		}
	})
}
