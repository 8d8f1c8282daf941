package callback_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

func TestATrialIsSignedAsEveryOtherAndLeavesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		id, old := w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.Events, p.Active = &[]string{"bill.*"}, set(false) })
		_, current, err := w.service.RotateEndpointSecret(w.Context(), w.env.ID, id, time.Hour, "tester")
		must(w.T, err)
		h.answer(500)
		event, result, err := w.service.TryEndpoint(w.Context(), w.env, id, "")
		must(w.T, err)
		if event.Type != "bill.created" || result.Class != callback.ClassRetry || result.Status != 500 {
			w.Errorf("%s: %+v", event.Type, result)
		}
		got := h.requests()
		if len(got) != 1 || got[0].header.Get("Webhook-Id") != string(event.ID) {
			w.Fatalf("%d requests", len(got))
		}
		for _, secret := range []string{old, current} {
			must(w.T, webhook.Verify([]string{secret}, got[0].header, got[0].body, w.clock.Now(), 0))
		}
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		if n := w.count(`SELECT COUNT(*) FROM event`) + w.count(`SELECT COUNT(*) FROM delivery`); n != 0 || e.Failures != 0 {
			w.Errorf("%d rows, %d failures", n, e.Failures)
		}
	})
}

func TestATrialOfNoTypeOrOfAnotherEnvironmentIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		id, _ := w.endpoint("https://hooks.example.com/")
		_, _, err := w.service.TryEndpoint(w.Context(), w.env, id, "invoice.*")
		if e := wantCode(w.T, err, "invalid_body"); e.Fields[0].Pointer != "/event" {
			w.Errorf("%+v", e.Fields)
		}
		other := domain.Environment{ID: domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment)}
		_, _, err = w.service.TryEndpoint(w.Context(), other, id, "")
		wantCode(w.T, err, "webhook_not_found")
	})
}
