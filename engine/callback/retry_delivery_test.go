package callback_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// toURL gives an event a receiver of its own, as an invoice's callback_url does.
func toURL(url string) func(*domain.Event) {
	return func(e *domain.Event) { e.CallbackURL = url }
}

// attemptsAt moves the clock minute by minute through two days and notes at which
// minute each attempt is made.
func (w *world) attemptsAt(h *hook) []int {
	w.Helper()
	var at []int
	for minute := range 48 * 60 {
		before := len(h.requests())
		w.drain()
		if len(h.requests()) > before {
			at = append(at, minute)
		}
		if len(w.works()) == 0 {
			break
		}
		w.clock.Add(time.Minute)
	}
	return at
}

func TestARetryIsTheSameRequestAndIsRecorded(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(503)
		id := w.tell("invoice.signed", "inv_1", toURL(h.URL))
		w.drain()
		w.clock.Add(59 * time.Second)
		w.drain() // never early
		w.clock.Add(7 * time.Second)
		w.drain()
		h.answer(200)
		w.clock.Add(5*time.Minute + 30*time.Second)
		w.drain()
		got := h.requests()
		if len(got) != 3 {
			w.Fatalf("%d requests", len(got))
		}
		for _, r := range got {
			if r.header.Get("Webhook-Id") != string(id) || !bytes.Equal(r.body, got[0].body) {
				w.Errorf("event %s, body %s", r.header.Get("Webhook-Id"), r.body)
			}
		}
		d := w.deliveries(callback.DeliveryFilter{})
		if len(d) != 1 || d[0].Status != callback.StatusDelivered || d[0].Attempts != 3 || d[0].LastStatus != 200 {
			w.Fatalf("%+v", d)
		}
		attempts, err := w.service.Attempts(w.Context(), w.env.ID, d[0].ID)
		must(w.T, err)
		if len(attempts) != 3 || attempts[0].Status != 503 || attempts[0].NextAt.Sub(attempts[0].StartedAt) < time.Minute || attempts[2].Class != callback.ClassDelivered || !attempts[2].NextAt.IsZero() {
			w.Errorf("%+v", attempts)
		}
	})
}

func TestWhatNeverArrivesIsExhaustedAfterSixAttempts(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(503)
		w.tell("invoice.rejected", "inv_1", toURL(h.URL))
		at := w.attemptsAt(h)
		// 0, +1m, +5m, +30m, +2h, +12h, each with up to a tenth more.
		if len(at) != 6 || at[5] < 1+5+30+120+720 || at[5] > 1+5+30+120+720+100 || !slices.IsSorted(at) {
			w.Errorf("attempts at minutes %v", at)
		}
		d := w.deliveries(callback.DeliveryFilter{})
		if len(d) != 1 || d[0].Status != callback.StatusExhausted || d[0].Attempts != 6 || d[0].EndedAt.IsZero() {
			w.Errorf("%+v", d)
		}
	})
}

func TestARefusalIsNotRepeated(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(404)
		w.tell("invoice.held", "inv_1", toURL(h.URL))
		if at := w.attemptsAt(h); len(at) != 1 {
			w.Errorf("attempts at minutes %v", at)
		}
		if d := w.deliveries(callback.DeliveryFilter{}); d[0].Status != callback.StatusRefused || d[0].LastReason != callback.ReasonStatus {
			w.Errorf("%+v", d)
		}
	})
}
