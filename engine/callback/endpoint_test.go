package callback_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

func TestASecretIsShownOnceAndSealed(t *testing.T) {
	onBoth(t, func(w *world) {
		id, shown := w.endpoint("https://hooks.example.com/in", func(p *callback.EndpointPatch) { p.Headers = map[string]string{"X-Token": "tulips"} })
		if !strings.HasPrefix(shown, "whsec_") || len(shown) < 40 {
			t.Errorf("shown %q", shown)
		}
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		raw, err := json.Marshal(e.View())
		must(w.T, err)
		if strings.Contains(string(raw), shown) || strings.Contains(string(raw), "tulips") || !strings.Contains(string(raw), `"secret":"whsec_****`) {
			w.Errorf("%s", raw)
		}
		rows, err := w.store.Reader().Query(w.Context(), `SELECT secret, headers FROM endpoint`)
		must(w.T, err)
		defer rows.Close()
		for rows.Next() {
			var sealed, headers string
			must(w.T, rows.Scan(&sealed, &headers))
			if strings.Contains(sealed, shown[10:20]) || strings.Contains(headers, "tulips") {
				w.Errorf("stored %q, %q", sealed, headers)
			}
		}
	})
}

func TestEveryFaultOfAnEndpointIsNamed(t *testing.T) {
	onBoth(t, func(w *world) {
		_, err := w.service.CreateEndpoint(w.Context(), w.env, callback.EndpointPatch{
			URL: set("https://user:pw@hooks.example.com/"), Events: &[]string{"invoice.signd", "*", "*"}, Description: set("a\x00b"),
			Format: set("xml"), Retry: json.RawMessage(`"soon"`), RateLimit: set(-1), MaxInFlight: set(1 << 30), Headers: map[string]string{"Host": "x"}, Signatures: []string{"v2"},
		}, "tester")
		e := wantCode(w.T, err, "invalid_body")
		var got []string
		for _, f := range e.Fields {
			if f.Code == "" || f.Detail == "" || f.Fix == "" {
				w.Errorf("fault %+v", f)
			}
			got = append(got, f.Pointer)
		}
		for _, want := range []string{"/url", "/events/0", "/events/2", "/description", "/payloadFormat", "/retryPolicy", "/rateLimit", "/maxInFlight", "/signatures/0"} {
			if !strings.Contains(strings.Join(got, " ")+" ", want+" ") {
				w.Errorf("%s is not among %v", want, got)
			}
		}
		_, err = w.service.CreateEndpoint(w.Context(), w.env, callback.EndpointPatch{}, "tester")
		if e := wantCode(w.T, err, "invalid_body"); len(e.Fields) != 2 {
			w.Errorf("%+v", e.Fields)
		}
	})
}

func TestAnAccountHasTwentyEndpointsHoweverManyAreMadeAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		var made, refused atomic.Int64
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				draft, err := w.service.CreateEndpoint(w.Context(), w.env, callback.EndpointPatch{URL: set(fmt.Sprintf("https://h%d.example.com/", i)), Events: &[]string{"*"}}, "tester")
				if err == nil {
					err = w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts})
				}
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, callback.ErrTooManyEndpoints):
					refused.Add(1)
				default:
					w.Error(err)
				}
			})
		}
		group.Wait()
		list, err := w.service.Endpoints(w.Context(), w.env.ID)
		must(w.T, err)
		if made.Load() != 20 || refused.Load() != 12 || len(list) != 20 {
			w.Errorf("made %d, refused %d, listed %d", made.Load(), refused.Load(), len(list))
		}
		must(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, list[0].ID, "tester"))
		w.endpoint("https://again.example.com/")
	})
}

func TestAPartialChangeKeepsTheRestAndTheSecret(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		id, shown := w.endpoint(h.URL, func(p *callback.EndpointPatch) { p.Description, p.Ordered = set("books"), set(true) })
		changed, err := w.service.UpdateEndpoint(w.Context(), w.env.ID, id, callback.EndpointPatch{URL: set(h.URL + "/v2"), RateLimit: set(7)}, "tester")
		must(w.T, err)
		if changed.Description != "books" || !changed.Ordered || changed.RateLimit != 7 || changed.URL != h.URL+"/v2" {
			w.Errorf("%+v", changed)
		}
		w.tell("invoice.signed", "inv_1")
		w.drain()
		got := h.requests()
		if len(got) != 1 || got[0].path != "/v2" {
			w.Fatalf("%d requests", len(got))
		}
		must(w.T, webhook.Verify([]string{shown}, got[0].header, got[0].body, w.clock.Now(), 0))
	})
}

func TestBothSecretsSignWhileARotationOverlapsRetriesToo(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(503)
		id, old := w.endpoint(h.URL)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		_, current, err := w.service.RotateEndpointSecret(w.Context(), w.env.ID, id, time.Hour, "tester")
		must(w.T, err)
		h.answer(200)
		w.clock.Add(2 * time.Minute)
		w.drain() // the retry
		w.clock.Add(time.Hour)
		w.tell("invoice.paid", "inv_1")
		w.drain()
		got := h.requests()
		if len(got) != 3 {
			w.Fatalf("%d requests", len(got))
		}
		verify := func(r request, secret string) error {
			return webhook.Verify([]string{secret}, r.header, r.body, w.clock.Now(), 24*time.Hour)
		}
		for i, want := range []struct{ old, current bool }{{true, false}, {true, true}, {false, true}} {
			if (verify(got[i], old) == nil) != want.old || (verify(got[i], current) == nil) != want.current {
				w.Errorf("request %d: old %v, current %v", i, verify(got[i], old), verify(got[i], current))
			}
		}
	})
}

func TestChangesAtOnceAreAllThere(t *testing.T) {
	onBoth(t, func(w *world) {
		id, _ := w.endpoint("https://hooks.example.com/")
		changes := []callback.EndpointPatch{{RateLimit: set(3)}, {MaxInFlight: set(4)}, {Description: set("x")}, {Ordered: set(true)}}
		var group sync.WaitGroup
		for _, p := range changes {
			group.Go(func() {
				if _, err := w.service.UpdateEndpoint(w.Context(), w.env.ID, id, p, "tester"); err != nil {
					w.Error(err)
				}
			})
		}
		group.Wait()
		e, err := w.service.Endpoint(w.Context(), w.env.ID, id)
		must(w.T, err)
		if e.RateLimit != 3 || e.MaxInFlight != 4 || e.Description != "x" || !e.Ordered || e.Version != 5 {
			w.Errorf("%+v", e)
		}
	})
}

func TestAnEndpointOfAnotherEnvironmentIsNotThere(t *testing.T) {
	onBoth(t, func(w *world) {
		id, _ := w.endpoint("https://hooks.example.com/")
		other := domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment)
		_, err := w.service.Endpoint(w.Context(), other, id)
		wantCode(w.T, err, "webhook_not_found")
		_, err = w.service.UpdateEndpoint(w.Context(), other, id, callback.EndpointPatch{}, "tester")
		wantCode(w.T, err, "webhook_not_found")
		_, _, err = w.service.RotateEndpointSecret(w.Context(), other, id, 0, "tester")
		wantCode(w.T, err, "webhook_not_found")
		wantCode(w.T, w.service.DeleteEndpoint(w.Context(), other, id, "tester"), "webhook_not_found")
		must(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, id, "tester"))
		wantCode(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, id, "tester"), "webhook_not_found")
	})
}
