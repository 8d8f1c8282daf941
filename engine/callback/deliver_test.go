package callback_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

func TestAnEventReachesWhoHearsOfItAndIsRecordedForNobody(t *testing.T) {
	onBoth(t, func(w *world) {
		all, invoices, none := newHook(w.T), newHook(w.T), newHook(w.T)
		w.endpoint(all.URL)
		w.endpoint(invoices.URL, func(p *callback.EndpointPatch) { p.Events = &[]string{"invoice.*"} })
		w.endpoint(none.URL, func(p *callback.EndpointPatch) { p.Active = set(false) })
		signed, receipt := w.tell("invoice.signed", "inv_1"), w.tell("receipt.created", "rec_1")
		w.drain()
		if n := len(all.requests()); n != 2 {
			w.Errorf("all: %d", n)
		}
		if events, _ := invoices.told(); !slices.Equal(events, []string{string(signed)}) {
			w.Errorf("invoices: %v", events)
		}
		if n := len(none.requests()); n != 0 {
			w.Errorf("inactive: %d", n)
		}
		e, err := w.service.Event(w.Context(), w.env.ID, receipt)
		must(w.T, err)
		if e.Deliveries != 1 || e.Sequence != 1 {
			w.Errorf("%+v", e)
		}
	})
}

func TestEventsAreStoredForThePresentSubscribers(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.tell("invoice.created", "inv_0") // this node now remembers that nobody hears
		other := newService(w.T, w.store, w.applierOfAnother(), w.clock.Now)
		url := h.URL
		draft, err := other.CreateEndpoint(w.Context(), w.env, callback.EndpointPatch{URL: &url, Events: &[]string{"*"}}, "tester")
		must(w.T, err)
		must(w.T, w.another.Apply(w.Context(), domain.Change{Parts: draft.Parts}))
		w.tell("invoice.signed", "inv_1")
		w.drain()
		if n := len(h.requests()); n != 1 {
			w.Errorf("%d requests: an event missed an endpoint that was there before it", n)
		}
	})
}

func TestNoEventIsLostToAnEndpointThatIsMadeMeanwhile(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for n := range 10 {
					w.tell("invoice.created", fmt.Sprintf("inv_%d_%d", i, n))
				}
			})
		}
		group.Go(func() { w.endpoint(h.URL) })
		group.Wait()
		w.tell("invoice.signed", "inv_last")
		w.drain()
		events, _ := h.told()
		if len(events) == 0 || len(slices.Compact(slices.Sorted(slices.Values(events)))) != len(events) {
			w.Errorf("%d events told, twins among them", len(events))
		}
	})
}

func TestAnOrderedEndpointHearsOneAfterTheOtherAndOtherResourcesMeanwhile(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.Ordered = set(true) })
		h.answer(503)
		for range 3 {
			w.tell("invoice.created", "inv_1")
		}
		w.drain()
		if _, sequences := h.told(); !slices.Equal(sequences, []int{1}) {
			w.Fatalf("told %v while the first has not arrived", sequences)
		}
		h.answer(200)
		other := w.tell("invoice.signed", "inv_2")
		w.drain()
		if events, _ := h.told(); len(events) != 2 || events[1] != string(other) {
			w.Fatalf("told %v: another resource must not wait", events)
		}
		w.clock.Add(2 * time.Minute)
		w.drain()
		if _, sequences := h.told(); !slices.Equal(sequences, []int{1, 1, 1, 2, 3}) {
			w.Errorf("told %v", sequences)
		}
		for _, d := range w.deliveries(callback.DeliveryFilter{}) {
			if d.Status != callback.StatusDelivered {
				w.Errorf("%+v", d)
			}
		}
	})
}

func TestAnEventThatIsGivenUpLetsTheNextOneGo(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.Ordered = set(true) })
		h.answer(400)
		w.tell("invoice.created", "inv_1")
		w.turn()
		h.answer(200)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		if _, sequences := h.told(); !slices.Equal(sequences, []int{1, 2}) {
			w.Errorf("told %v", sequences)
		}
	})
}

func TestUnorderedEventsWaitForNobody(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL)
		h.answer(503)
		w.tell("invoice.created", "inv_1")
		w.tell("invoice.signed", "inv_1")
		w.drain()
		if n := len(h.requests()); n != 2 {
			w.Errorf("%d attempts", n)
		}
	})
}

func TestADeletedEndpointAbandonsWhatIsOnItsWay(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		id, _ := w.endpoint(h.URL)
		h.answer(503)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		must(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, id, "tester"))
		w.drain() // at once, not when the retry would have been due
		d := w.deliveries(callback.DeliveryFilter{})
		if len(d) != 1 || d[0].Status != callback.StatusAbandoned || d[0].LastReason != callback.ReasonDeleted || d[0].EndedAt.IsZero() || d[0].Attempts != 1 {
			w.Errorf("%+v", d)
		}
		if n := len(h.requests()); n != 1 {
			w.Errorf("%d requests", n)
		}
		if len(w.works()) != 0 {
			w.Error("work is left")
		}
		_, err := w.service.Replay(w.Context(), w.env.ID, d[0].ID, "tester")
		wantCode(w.T, err, "webhook_inactive")
	})
}

func TestA410DisablesAndTheOthersAreTold(t *testing.T) {
	onBoth(t, func(w *world) {
		gone, other := newHook(w.T), newHook(w.T)
		id, _ := w.endpoint(gone.URL)
		w.endpoint(other.URL, func(p *callback.EndpointPatch) { p.Events = &[]string{"webhook.disabled"} })
		gone.answer(410)
		for i := range 3 { // at once: disabled once
			w.tell("invoice.signed", fmt.Sprint("inv_", i))
		}
		w.drain()
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		if e.Active || e.DisabledReason != callback.DisabledGone || e.DisabledAt.IsZero() {
			w.Errorf("%+v", e)
		}
		if n := len(other.requests()); n != 1 {
			w.Errorf("the others were told %d times", n)
		}
		for _, d := range w.deliveries(callback.DeliveryFilter{Endpoint: id}) {
			if d.Status != callback.StatusRefused {
				w.Errorf("%+v", d)
			}
		}
		// Active again, it starts anew, and may have what it missed.
		gone.answer(200)
		w.tell("invoice.paid", "inv_9")
		_, err = w.service.UpdateEndpoint(w.Context(), w.env.ID, id, callback.EndpointPatch{Active: set(true)}, "tester")
		must(w.T, err)
		preview, err := w.service.ReplaySince(w.Context(), w.env.ID, id, w.clock.Now().Add(-time.Hour), "", true, "tester")
		must(w.T, err)
		// Three that it refused, its own disabling, and the one of when it was off.
		if preview.Matched != 5 || preview.Replayed != 0 {
			w.Errorf("preview %+v", preview)
		}
		_, err = w.service.ReplaySince(w.Context(), w.env.ID, id, w.clock.Now().Add(-time.Hour), "", false, "tester")
		must(w.T, err)
		w.drain()
		if got := len(gone.requests()); got != 3+5 {
			w.Errorf("%d requests", got)
		}
		again, err := w.service.ReplaySince(w.Context(), w.env.ID, id, w.clock.Now().Add(-time.Hour), "", false, "tester")
		must(w.T, err)
		if again.Matched != 0 {
			w.Errorf("what it has is sent again: %+v", again)
		}
	})
}

func TestAnEndpointWhereNothingArrivesForDaysIsDisabled(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(500)
		id, _ := w.endpoint(h.URL)
		for day := range 7 {
			w.tell("invoice.signed", fmt.Sprint("inv_", day))
			for range 4 {
				w.drain()
				w.clock.Add(6 * time.Hour)
			}
		}
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		if e.Active || e.DisabledReason != callback.DisabledFailing {
			w.Errorf("%+v", e)
		}
		if days := e.DisabledAt.Sub(e.FailingSince); days < 5*24*time.Hour || days > 6*24*time.Hour {
			w.Errorf("disabled after %s", days)
		}
		events, err := w.service.Events(w.Context(), w.env.ID, callback.EventFilter{Pattern: "webhook.disabled", Limit: 10})
		must(w.T, err)
		if len(events) != 1 || events[0].Deliveries != 0 || events[0].Resource != string(id) {
			w.Errorf("%+v", events)
		}
	})
}

func TestOneThatArrivesEndsTheCountOfFailures(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		id, _ := w.endpoint(h.URL)
		h.answer(500)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		w.clock.Add(2 * time.Second)
		h.answer(200)
		w.tell("invoice.signed", "inv_2")
		w.drain()
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		if e.Failures != 0 || !e.FailingSince.IsZero() {
			w.Errorf("%+v", e)
		}
	})
}

func TestAHostThatFailsIsLeftAloneForAWhile(t *testing.T) {
	onBoth(t, func(w *world) {
		h, other := newHook(w.T), newHook(w.T)
		h.answer(500)
		w.endpoint(h.URL)
		w.endpoint(other.URL)
		for i := range 40 {
			w.tell("invoice.signed", fmt.Sprint("inv_", i))
			w.drain()
		}
		failing := len(h.requests())
		if failing != 16 {
			w.Errorf("%d requests to a host that fails", failing)
		}
		if n := len(other.requests()); n != 40 {
			w.Errorf("another host heard of %d", n)
		}
		for _, d := range w.deliveries(callback.DeliveryFilter{}) {
			if d.Status == callback.StatusPending && d.Attempts > 1 {
				w.Errorf("an attempt was spent on a closed gate: %+v", d)
			}
		}
		h.answer(200)
		w.clock.Add(time.Hour)
		w.drain()
		if n := len(h.requests()); n != 16+40 {
			w.Errorf("%d requests after it works again", n)
		}
		gates, err := w.store.Gates(w.Context())
		must(w.T, err)
		if len(gates) != 0 {
			w.Errorf("gates are left: %+v", gates)
		}
	})
}
