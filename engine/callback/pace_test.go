package callback_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
)

func TestARateIsKept(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.RateLimit = set(10) })
		for i := range 50 {
			w.tell("invoice.signed", fmt.Sprint("inv_", i))
		}
		for second := 1; len(h.requests()) < 50; second++ {
			if second > 20 {
				w.Fatalf("%d of 50 arrived in 20 s at 10/s", len(h.requests()))
			}
			for range 20 {
				w.drain()
				w.clock.Add(50 * time.Millisecond)
			}
			if n := len(h.requests()); n > 10*second+1 {
				w.Fatalf("%d requests in %d s at 10/s", n, second)
			}
		}
		for _, d := range w.deliveries(callback.DeliveryFilter{}) {
			if d.Attempts != 1 || d.Status != callback.StatusDelivered {
				w.Errorf("waiting for a place spent an attempt: %+v", d)
			}
		}
	})
}

func TestNoMoreAtOnceThanAnEndpointWants(t *testing.T) {
	onBoth(t, func(w *world) {
		var mu sync.Mutex
		var now, most, all int
		enough := make(chan struct{})
		server := receiver(w.T, func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			now++
			all++
			most = max(most, now)
			if now == 3 && all == 3 {
				close(enough)
			}
			mu.Unlock()
			<-enough // the first three meet
			mu.Lock()
			now--
			mu.Unlock()
		})
		w.endpoint(server.URL, func(p *callback.EndpointPatch) { p.MaxInFlight = set(3) })
		for i := range 20 {
			w.tell("invoice.signed", fmt.Sprint("inv_", i))
		}
		for range 200 {
			w.drain()
			w.clock.Add(100 * time.Millisecond)
		}
		if most != 3 || all != 20 {
			w.Errorf("%d at once, %d in all", most, all)
		}
	})
}

// One receiver that does not answer takes its own places and nobody else's.
func TestASlowReceiverDelaysNobodyElse(t *testing.T) {
	// More than there are places; few enough to arrive before the slow one is given up.
	const events = 120
	onBoth(t, func(w *world) {
		block := make(chan struct{})
		var held atomic.Int64
		slow := receiver(w.T, func(_ http.ResponseWriter, r *http.Request) {
			held.Add(1)
			select {
			case <-block:
			case <-r.Context().Done():
			}
		})
		quick := newHook(w.T)
		id, _ := w.endpoint(slow.URL)
		w.endpoint(quick.URL)
		for i := range events {
			w.tell("invoice.signed", fmt.Sprint("inv_", i))
		}
		var turns sync.WaitGroup
		defer turns.Wait()
		defer close(block)
		turns.Go(func() { w.turn() })
		within(w.T, "the slow one's places are taken", func() bool { return held.Load() == 64 })
		within(w.T, "all arrived at the other one", func() bool {
			w.turn()
			w.clock.Add(30 * time.Millisecond)
			return len(quick.requests()) == events
		})
		waiting := 0
		for _, d := range w.deliveries(callback.DeliveryFilter{Endpoint: id}) {
			if d.Status == callback.StatusPending && d.Attempts == 0 {
				waiting++
			}
		}
		if waiting != events {
			w.Errorf("%d wait for the slow one", waiting)
		}
	})
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
