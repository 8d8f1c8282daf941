package callback_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// failAll ends every unfinished delivery as if all its attempts had failed.
func (w *world) failAll() {
	w.Helper()
	must(w.T, w.store.Write(w.Context(), []store.Statement{
		{
			SQL: `UPDATE delivery SET status = 'exhausted', ended_at = $1, attempts = 6, last_status = 503, last_class = 'retry', last_reason = 'status', last_at = $1
WHERE status = 'pending'`,
			Args: []any{domain.Micros(w.clock.Now())}, Rows: store.AnyRows,
		},
		{SQL: `DELETE FROM work`, Rows: store.AnyRows},
	}))
}

// manyFailed makes n failed deliveries, a hundred for each of its endpoints.
func (w *world) manyFailed(endpoints int) {
	w.Helper()
	for i := range endpoints {
		w.endpoint(fmt.Sprintf("https://h%d.example.com/", i))
	}
	var batch []callback.NewEvent
	for i := range callback.MaxBatch {
		batch = append(batch, customer(fmt.Sprint(i)))
	}
	w.publish(batch...)
	w.failAll()
}

func TestAReplayWorksTwiceWithTheEventsIDAndADeliveryOfItsOwn(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		id, _ := w.endpoint(h.URL + "/old")
		event := w.tell("invoice.signed", "inv_1")
		w.drain()
		first := w.deliveries(callback.DeliveryFilter{})[0]
		_, err := w.service.UpdateEndpoint(w.Context(), w.env.ID, id, callback.EndpointPatch{URL: set(h.URL + "/new")}, "tester")
		must(w.T, err)
		seen := map[domain.DeliveryID]bool{first.ID: true}
		for range 2 {
			made, err := w.service.Replay(w.Context(), w.env.ID, first.ID, "tester")
			must(w.T, err)
			if made.Event != event || made.ReplayOf != first.ID || made.Status != callback.StatusPending || seen[made.ID] {
				w.Errorf("%+v", made)
			}
			seen[made.ID] = true
			_, err = w.service.Replay(w.Context(), w.env.ID, made.ID, "tester")
			wantCode(w.T, err, "delivery_pending")
			w.drain()
		}
		got := h.requests()
		if len(got) != 3 || got[2].path != "/new" || string(got[0].body) != string(got[2].body) || got[0].header.Get("Webhook-Id") != got[2].header.Get("Webhook-Id") {
			w.Errorf("%d requests", len(got))
		}
	})
}

func TestReplaysOfOneDeliveryAtOnceAnswerTheirOwn(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		first := w.deliveries(callback.DeliveryFilter{})[0]
		made := make(chan domain.DeliveryID, 4)
		for range cap(made) {
			go func() {
				d, err := w.service.Replay(w.Context(), w.env.ID, first.ID, "tester")
				if err != nil {
					w.Error(err)
				}
				made <- d.ID
			}()
		}
		var ids []domain.DeliveryID
		for range cap(made) {
			ids = append(ids, <-made)
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != cap(made) || slices.Contains(ids, first.ID) {
			w.Errorf("answered %v", ids)
		}
	})
}

func TestWhatNobodyWouldTakeIsNotReplayed(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		gone, _ := w.endpoint(h.URL)
		still, _ := w.endpoint(h.URL)
		w.tell("invoice.signed", "inv_1", func(e *domain.Event) { e.CallbackURL = h.URL })
		w.drain()
		must(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, gone, "tester"))
		_, err := w.service.UpdateEndpoint(w.Context(), w.env.ID, still, callback.EndpointPatch{Active: set(false)}, "tester")
		must(w.T, err)
		for _, d := range w.deliveries(callback.DeliveryFilter{}) {
			_, err := w.service.Replay(w.Context(), w.env.ID, d.ID, "tester")
			if d.Endpoint == "" {
				must(w.T, err) // a callback_url is always there
				continue
			}
			wantCode(w.T, err, "webhook_inactive")
		}
		w.drain()
		done, err := w.service.ReplayMany(w.Context(), w.env.ID, callback.DeliveryFilter{}, false, "tester")
		must(w.T, err)
		if done.Matched != 4 || done.Replayed != 2 || done.Skipped != 2 {
			w.Errorf("%+v", done)
		}
		_, err = w.service.Replay(w.Context(), domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment), w.deliveries(callback.DeliveryFilter{})[0].ID, "tester")
		wantCode(w.T, err, "delivery_not_found")
	})
}

func TestManyAreReplayedAfterAPreviewThatChangesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.manyFailed(5)
		w.clock.Add(time.Minute)
		f := callback.DeliveryFilter{Status: callback.StatusExhausted}
		preview, err := w.service.ReplayMany(w.Context(), w.env.ID, f, true, "tester")
		must(w.T, err)
		if n := w.count(`SELECT COUNT(*) FROM delivery`); preview.Matched != 500 || preview.Replayed != 0 || n != 500 {
			w.Fatalf("%+v, %d deliveries", preview, n)
		}
		done, err := w.service.ReplayMany(w.Context(), w.env.ID, f, false, "tester")
		must(w.T, err)
		if done.Matched != 500 || done.Replayed != 500 || done.Skipped != 0 || done.Next != "" {
			w.Errorf("%+v", done)
		}
		if n := w.count(`SELECT COUNT(DISTINCT replay_of) FROM delivery WHERE status = 'pending'`); n != 500 {
			w.Errorf("%d deliveries were replayed", n)
		}
	})
}

func TestAWalkOverManyEndsAndDoesNotMeetItsOwnReplays(t *testing.T) {
	onBoth(t, func(w *world) {
		w.manyFailed(13)
		w.clock.Add(time.Minute)
		var f callback.DeliveryFilter
		var matched []int
		for range 5 {
			done, err := w.service.ReplayMany(w.Context(), w.env.ID, f, false, "tester")
			must(w.T, err)
			matched = append(matched, done.Matched)
			w.failAll() // the replays too, before the walk goes on
			w.clock.Add(time.Minute)
			if done.Next == "" {
				break
			}
			f.After, f.Through = domain.DeliveryID(done.Next), done.Through
		}
		if !slices.Equal(matched, []int{1000, 300}) {
			w.Errorf("matched %v", matched)
		}
		if n := w.count(`SELECT COUNT(*) FROM delivery`); n != 2600 {
			w.Errorf("%d deliveries", n)
		}
	})
}

func TestAnEndpointIsSentWhatItHasMissedAndNothingElse(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.tell("invoice.signed", "inv_0")
		w.clock.Add(time.Hour)
		since := w.clock.Now()
		early := w.tell("invoice.signed", "inv_1") // before it was made
		w.tell("receipt.created", "rec_1")         // not what it hears of
		id, _ := w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.Events = &[]string{"invoice.*", callback.EventDisabled} })
		w.tell("invoice.signed", "inv_2")
		w.drain() // has arrived
		h.answer(400)
		refused := w.tell("invoice.signed", "inv_3")
		w.drain()
		itself := w.tell(callback.EventDisabled, string(id)) // not told of when it happened
		w.failAll()
		h.answer(200)
		preview, err := w.service.ReplaySince(w.Context(), w.env.ID, id, since, "", true, "tester")
		must(w.T, err)
		done, err := w.service.ReplaySince(w.Context(), w.env.ID, id, since, "", false, "tester")
		must(w.T, err)
		again, err := w.service.ReplaySince(w.Context(), w.env.ID, id, since, "", false, "tester")
		must(w.T, err)
		if preview.Matched != 3 || done.Matched != 3 || done.Replayed != 3 || done.Next != "" || again.Matched != 0 {
			w.Errorf("%+v, %+v, %+v", preview, done, again)
		}
		w.drain()
		events, _ := h.told()
		got := slices.Sorted(slices.Values(events[2:])) // behind the two of before
		want := []string{string(early), string(refused), string(itself)}
		if slices.Sort(want); !slices.Equal(got, want) {
			w.Errorf("told %v, want %v", got, want)
		}
	})
}

func TestWhatWasMissedIsSentInPortions(t *testing.T) {
	onBoth(t, func(w *world) {
		var batch []callback.NewEvent
		for range callback.MaxBatch {
			batch = append(batch, customer(""))
		}
		for range 11 {
			w.publish(batch...)
		}
		id, _ := w.endpoint("https://hooks.example.com/")
		preview, err := w.service.ReplaySince(w.Context(), w.env.ID, id, time.Time{}, "", true, "tester")
		must(w.T, err)
		first, err := w.service.ReplaySince(w.Context(), w.env.ID, id, time.Time{}, "", false, "tester")
		must(w.T, err)
		w.failAll()
		second, err := w.service.ReplaySince(w.Context(), w.env.ID, id, time.Time{}, domain.EventID(first.Next), false, "tester")
		must(w.T, err)
		if preview.Matched != 1100 || first.Replayed != 1000 || first.Next == "" || second.Replayed != 100 || second.Next != "" {
			w.Errorf("%+v, %+v, %+v", preview, first, second)
		}
	})
}

func TestAnInactiveEndpointIsSentNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		w.tell("invoice.signed", "inv_1")
		id, _ := w.endpoint("https://hooks.example.com/", func(p *callback.EndpointPatch) { p.Active = set(false) })
		_, err := w.service.ReplaySince(w.Context(), w.env.ID, id, time.Time{}, "", true, "tester")
		wantCode(w.T, err, "webhook_inactive")
	})
}
