package httpclient_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

func classOf(t *testing.T, err error) sdk.Class {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *sdk.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v has no class", err)
	}
	return e.Class
}

func TestStatusesAreClassed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	for status, want := range map[int]struct{ effect, none sdk.Class }{
		200: {"", ""},
		201: {"", ""},
		303: {sdk.UnknownOutcome, sdk.Misconfigured},
		400: {sdk.Rejected, sdk.Rejected},
		401: {sdk.Unauthorized, sdk.Unauthorized},
		403: {sdk.Unauthorized, sdk.Unauthorized},
		404: {sdk.Misconfigured, sdk.Misconfigured},
		408: {sdk.UnknownOutcome, sdk.Unavailable},
		409: {sdk.UnknownOutcome, sdk.Unavailable},
		422: {sdk.Rejected, sdk.Rejected},
		429: {sdk.RateLimited, sdk.RateLimited},
		500: {sdk.UnknownOutcome, sdk.Unavailable},
		503: {sdk.UnknownOutcome, sdk.Unavailable},
	} {
		for _, effect := range []bool{true, false} {
			answer, err := c.Do(call(t, effect), post("/"+strconv.Itoa(status)))
			if err != nil {
				t.Fatal(err)
			}
			class := want.none
			if effect {
				class = want.effect
			}
			if got := classOf(t, answer.Failure()); got != class {
				t.Errorf("status %d, effect %t: class %q, want %q", status, effect, got, class)
			}
		}
	}
}

func TestAnUnreadableAnswerToAnEffectIsADoubt(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	for effect, class := range map[bool]sdk.Class{true: sdk.UnknownOutcome, false: sdk.Unavailable} {
		answer, err := c.Do(call(t, effect), post("/"))
		if err != nil {
			t.Fatal(err)
		}
		var into struct{}
		wantClass(t, answer.JSON(&into), class, "vendor_answer_unreadable")
	}
}

func TestAnErrorCarriesTheAnswerWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"token":"abc","why":"bad canary-key","n":1}`))
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL, Secrets: []string{"canary-key"}})
	answer, err := c.Do(call(t, true), post("/"))
	if err != nil {
		t.Fatal(err)
	}
	e := wantClass(t, answer.Failure(), sdk.Rejected, "vendor_refused")
	if got := string(e.VendorAnswer); got != `{"token":"[redacted]","why":"bad [redacted]","n":1}` || e.VendorCode != "400" {
		t.Errorf("answer %s, code %s", got, e.VendorCode)
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Get("Give"); v != "" {
			w.Header().Set("Retry-After", v)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL, Now: func() time.Time { return now }})
	for given, want := range map[string]time.Duration{
		"":                              0,
		"120":                           2 * time.Minute,
		"-5":                            0,
		"Mon, 23 Nov 2026 08:00:30 GMT": 30 * time.Second,
		"Mon, 23 Nov 2026 07:00:30 GMT": 0,
		"soon":                          0,
		"99999999999999999999":          0,
	} {
		answer, err := c.Do(call(t, true), httpclient.Request{Path: "/", Header: http.Header{"Give": {given}}})
		if err != nil {
			t.Fatal(err)
		}
		e := wantClass(t, answer.Failure(), sdk.RateLimited, "vendor_rate_limit")
		if e.RetryAfter != want {
			t.Errorf("%q: %s, want %s", given, e.RetryAfter, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("10")
	f.Add("Mon, 23 Nov 2026 08:00:30 GMT")
	f.Add("")
	f.Fuzz(func(t *testing.T, v string) {
		if d := httpclient.RetryAfter(http.Header{"Retry-After": {v}}, time.Unix(0, 0)); d < 0 {
			t.Errorf("%q gives %s", v, d)
		}
	})
}
