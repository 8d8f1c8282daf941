package engine_test

import (
	"net/http"
	"testing"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
)

func TestTestCallbackArrivesSignedAndUnrecorded(t *testing.T) {
	t.Parallel()
	w := start(t)
	var got struct {
		Success bool
		EventID string
		Status  int
	}
	if code := w.call("POST", "/onboarding/test-callback", map[string]any{"url": w.receiver.URL}, &got); code != http.StatusOK || !got.Success || got.Status != http.StatusOK {
		t.Fatalf("%d %+v", code, got)
	}
	if e := w.receiver.next(t); e.Type != "callback.test" || e.ID != got.EventID {
		t.Errorf("%+v", e)
	}
	var refused struct{ Errors []domain.FieldError }
	code := w.call("POST", "/onboarding/test-callback", map[string]any{"url": "https://example.com/"}, &refused)
	if code != http.StatusUnprocessableEntity || len(refused.Errors) != 1 || refused.Errors[0].Code != "allowlist" {
		t.Errorf("%d %+v", code, refused)
	}
}

func TestTestCallbacksGoOnlyWhereTheListSaysInEveryEnvironment(t *testing.T) {
	t.Parallel()
	const listed, other, here = "https://hooks.example.com/in", "https://example.com/", "https://127.0.0.1:8080/"
	w := start(t, func(c *config.Config) { c.CallbackAllowlist = []string{"hooks.example.com"} })
	for environment, open := range map[domain.EnvironmentID]map[string]bool{
		w.environment("production", domain.Production, false): {listed: true},
		w.environment("plain", domain.Sandbox, false):         {listed: true},
		w.environment("development", domain.Sandbox, true):    {listed: true, here: true},
	} {
		_, policy, err := w.engine.Testing(t.Context(), environment)
		must(t, err)
		checkPolicy(t, policy, open, listed, other, here)
	}
}

// A callback_url that nothing may be sent to is refused when it is submitted,
// with the other faults: later nobody would notice.
func TestACallbackURLThatMayNotBeCalledIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	for url, rule := range map[string]string{
		"https://10.0.0.1/in": "reserved_address", "https://hooks.example.com/": "allowlist", "https://hooks.example.com:22/": "port",
	} {
		inv := w.invoice("CB-1")
		inv["callback_url"], inv["payment_status"] = url, "SOON"
		var got struct{ Errors []domain.FieldError }
		code := w.call("POST", "/si/invoices", map[string]any{"invoice": inv}, &got)
		pointers := map[string]string{}
		for _, e := range got.Errors {
			pointers[e.Pointer] = e.Code
		}
		if code != http.StatusUnprocessableEntity || pointers["/invoice/callback_url"] != rule {
			t.Errorf("%s: %d %+v", url, code, got.Errors)
		}
	}
}
