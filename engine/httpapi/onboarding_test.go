package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
	signature "github.com/afara-dev/afara/sdk/webhook"
)

// tester sends test callbacks to this machine and to one listed host.
type tester struct {
	callbacks *callback.Service
	tenants   *tenant.Service
}

func (c tester) TestCallback(ctx context.Context, env domain.Environment, url string) (callback.ProbeResult, error) {
	list, err := callback.ParseAllowlist([]string{"hooks.example.com"})
	if err != nil {
		return callback.ProbeResult{}, err
	}
	secrets, err := c.tenants.SigningSecrets(ctx, env.ID)
	if err != nil {
		return callback.ProbeResult{}, err
	}
	return c.callbacks.Probe(ctx, callback.ProbeRequest{
		URL: url, Environment: env.ID, Organisation: env.Organisation, Secrets: secrets,
		Policy: callback.Policy{AllowHTTP: true, AllowLoopback: true, Allowlist: list},
	})
}

// integrator is a receiver that remembers its last request.
type integrator struct {
	*httptest.Server
	calls  atomic.Int64
	header http.Header
	body   []byte
}

func receiver(t *testing.T, status int, answer string) *integrator {
	t.Helper()
	i := &integrator{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.calls.Add(1)
		i.header = r.Header.Clone()
		i.body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(i.Close)
	return i
}

const testRoute = "/onboarding/test-callback"

// tested is what tests read of the answer to a test callback.
type tested struct {
	Success, Delivered, Truncated bool
	EventID                       string
	Status                        *int
	Reason, Answer                *string
	DurationMs                    int64
}

func TestTestCallbackIsSignedByTheCallersOwnEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := receiver(t, http.StatusAccepted, "got it")
	var got tested
	w.want(http.StatusOK, &got, w.theirs.write, "POST", testRoute, `{"url":"`+there.URL+`/in"}`)
	if !got.Success || !got.Delivered || got.Status == nil || *got.Status != http.StatusAccepted || got.Reason != nil || got.Answer == nil || *got.Answer != "got it" {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		caller caller
		signs  bool
	}{{w.ours, false}, {w.theirs, true}} {
		secrets, err := w.tenants.SigningSecrets(t.Context(), c.caller.environment.ID)
		must(t, err)
		if err := signature.Verify(secrets, there.header, there.body, w.clock.Now(), time.Minute); (err == nil) != c.signs {
			t.Errorf("signed with the secret of %s: %v", c.caller.environment.ID, err)
		}
	}
	var event struct{ EventID, Event, BusinessID string }
	must(t, decodeInto(there.body, &event))
	if event.EventID != got.EventID || event.Event != "callback.test" || event.BusinessID != string(w.theirs.environment.Organisation) {
		t.Errorf("%+v", event)
	}
	if n := w.count(`SELECT COUNT(*) FROM event`); n != 0 || there.calls.Load() != 1 {
		t.Errorf("%d events stored, %d calls", n, there.calls.Load())
	}
}

func TestTestCallbackThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got tested
	w.want(http.StatusOK, &got, w.ours.write, "POST", testRoute, `{"url":"`+receiver(t, http.StatusForbidden, "who are you").URL+`"}`)
	if got.Success || got.Delivered || *got.Status != http.StatusForbidden || *got.Reason != "status" || *got.Answer != "who are you" {
		t.Errorf("%+v", got)
	}
	gone := receiver(t, http.StatusOK, "")
	gone.Close()
	got = tested{}
	w.want(http.StatusOK, &got, w.ours.write, "POST", testRoute, `{"url":"`+gone.URL+`"}`)
	if got.Success || got.Status != nil || *got.Reason != "connect" || got.Answer != nil {
		t.Errorf("%+v", got)
	}
}

func TestTestCallbackRefusesWhatTheGuardRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for url, rule := range map[string]string{
		"https://10.0.0.1/?token=hunter2":        "reserved_address",
		"https://169.254.169.254/latest":         "reserved_address",
		"https://example.com/":                   "allowlist",
		"https://u:hunter2@hooks.example.com/":   "user_info",
		"ftp://hooks.example.com/":               "scheme",
		"https://hooks.example.com:22/":          "port",
		"hooks.example.com":                      "syntax",
		"https://hooks.example.com.evil.example": "allowlist",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", testRoute, `{"url":"`+url+`"}`)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/url" || p.Errors[0].Code != rule || p.Errors[0].Fix == "" || !strings.HasSuffix(p.Errors[0].Detail, ".") {
			t.Errorf("%s: %+v", url, p.Errors)
		}
		if strings.Contains(p.Errors[0].Detail+p.Errors[0].Fix+p.Detail, "hunter2") {
			t.Errorf("%s is shown: %+v", url, p)
		}
	}
	for body, pointer := range map[string]string{`{}`: "", `{"url":""}`: "/url", `{"url":7}`: "/url", `{"url":"https://a.example/","x":1}`: ""} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", testRoute, body)
		if len(p.Errors) == 0 || !strings.HasPrefix(p.Errors[0].Pointer, pointer) {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
}

func TestTestCallbackOfAnotherEnvironmentIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := receiver(t, http.StatusOK, "")
	w.refused(http.StatusForbidden, "environment_mismatch", w.theirs.all, "POST", testRoute,
		`{"url":"`+there.URL+`","environmentId":"`+string(w.ours.environment.ID)+`"}`)
	w.refused(http.StatusForbidden, "scope_missing", w.ours.read, "POST", testRoute, `{"url":"`+there.URL+`"}`)
	if there.calls.Load() != 0 {
		t.Errorf("%d calls", there.calls.Load())
	}
}
