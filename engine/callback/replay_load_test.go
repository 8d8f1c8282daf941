package callback_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	manyReplays = 10_000
	// windowOfATurn is how many deliveries a node takes at once in these tests.
	windowOfATurn = 250
	// turnTakes is how long it is until the next.
	turnTakes = 100 * time.Millisecond
	// freshTurns is how many turns have a new event.
	freshTurns = 150
)

// exhausted makes n events of resources of their own whose deliveries have all
// failed for the last time.
func (w *world) exhausted(n int) map[domain.EventID]bool {
	w.Helper()
	events := make(map[domain.EventID]bool, n)
	var change domain.Change
	for i := range n {
		e := domain.Event{
			ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: w.env.ID, Organisation: w.env.Organisation,
			Type: "invoice.signed", Resource: fmt.Sprint("inv_", i), Data: []byte(`{}`), OccurredAt: w.clock.Now(),
		}
		events[e.ID] = true
		change.Add(e)
		if len(change.Parts) == 200 || i == n-1 {
			must(w.T, w.applier.Apply(w.Context(), change))
			change = domain.Change{}
		}
	}
	must(w.T, w.store.Write(w.Context(), []store.Statement{
		{
			SQL: `UPDATE delivery SET status = 'exhausted', ended_at = $1, attempts = 6, last_status = 503, last_class = 'retry', last_reason = 'status', last_at = $1
WHERE status = 'pending'`,
			Args: []any{domain.Micros(w.clock.Now())}, Rows: store.AnyRows,
		},
		{SQL: `DELETE FROM work`, Rows: store.AnyRows},
	}))
	return events
}

// window makes the attempts of at most so many deliveries that are due, those
// that a node would take next.
func (w *world) window(room int) {
	w.Helper()
	due, err := w.store.Pick(w.Context(), store.PickRequest{
		Streams: map[string]store.StreamRoom{domain.CallbackStream: {Incarnation: "one", Room: room}}, Stale: time.Hour,
	})
	must(w.T, err)
	ids := make([]domain.WorkID, len(due))
	for i, d := range due {
		ids[i] = d.ID
	}
	w.walk(ids)
}

// counter is a receiver that counts what comes, by event.
type counter struct {
	mu   sync.Mutex
	came map[domain.EventID]int
}

func (c *counter) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came[domain.EventID(r.Header.Get("Webhook-Id"))]++
}

// seen counts the events that came, and those of a list that did not.
func (c *counter) seen(of []domain.EventID) (all, missing int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range of {
		if c.came[id] == 0 {
			missing++
		}
	}
	return len(c.came), missing
}

// TestTenThousandReplaysArriveAndDelayNothingNew replays what was exhausted
// while new events flow, of which one waits for a few turns at most.
func TestTenThousandReplaysArriveAndDelayNothingNew(t *testing.T) {
	onBoth(t, func(w *world) {
		got := &counter{came: map[domain.EventID]int{}}
		w.endpoint(receiver(w.T, got.ServeHTTP).URL)
		failed := w.exhausted(manyReplays)
		f := callback.DeliveryFilter{Status: callback.StatusExhausted, Until: w.clock.Now().Add(time.Second)}
		preview, err := w.service.ReplayMany(w.Context(), w.env.ID, f, true, "tester")
		must(w.T, err)
		if preview.Matched != manyReplays {
			w.Fatalf("preview %+v", preview)
		}
		var fresh []domain.EventID
		all, most := 0, 0
		for turn, more := 0, true; more || all < manyReplays+len(fresh); turn++ {
			if turn > 1000 {
				w.Fatalf("%d of %d arrived in %d turns", all, manyReplays+len(fresh), turn)
			}
			if more {
				r, err := w.service.ReplayMany(w.Context(), w.env.ID, f, false, "tester")
				must(w.T, err)
				f.After, more = domain.DeliveryID(r.Next), r.Next != ""
			}
			if turn < freshTurns {
				fresh = append(fresh, w.tell("invoice.paid", fmt.Sprint("new_", turn)))
			}
			w.window(windowOfATurn)
			var missing int
			all, missing = got.seen(fresh)
			most = max(most, missing)
			w.clock.Add(turnTakes)
		}
		if most > 3 {
			w.Errorf("%d new events, told in as many turns, waited at once behind replays", most)
		}
		for id, n := range got.came {
			if n != 1 || !failed[id] && !slices.Contains(fresh, id) {
				w.Errorf("%s came %d times", id, n)
			}
		}
		if len(w.works()) != 0 {
			w.Error("work is left")
		}
	})
}
