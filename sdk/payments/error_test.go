package payments_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
)

func TestErrorsCarryWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	_, c, _ := newService(t)
	in := collection("")
	in.Amount, in.Scenario = 0, "unheard"
	_, err := c.Create(t.Context(), in)
	e := wantError(t, err, http.StatusBadRequest, payments.CodeInvalidBody)
	if len(e.FieldErrors) != 3 || e.FieldErrors["amount"][0] != "must be at least 1" || e.RequestID != "req_1" || e.Message == "" {
		t.Errorf("%+v", e)
	}
	if text := err.Error(); !strings.HasPrefix(text, "POST /payments: 400 invalid_body: ") || !strings.Contains(text, "; amount: must be at least 1; reference: ") || !strings.HasSuffix(text, "(request req_1)") {
		t.Error(text)
	}
}

func TestTheContractsRefusals(t *testing.T) {
	t.Parallel()
	s, c, _ := newService(t)
	_, err := c.Create(t.Context(), collection("r1"))
	must(t, err)
	other := collection("r1")
	other.Amount++
	_, err = c.Create(t.Context(), other)
	wantError(t, err, http.StatusConflict, payments.CodeDuplicateReference)
	s.Disable("mtn", "RW")
	_, err = c.Create(t.Context(), collection("r2"))
	wantError(t, err, http.StatusNotFound, payments.CodeEnvNotFound)
	_, err = c.List(t.Context(), payments.Filter{Limit: 999})
	wantError(t, err, http.StatusBadRequest, payments.CodeInvalidParams)
	stranger, err := payments.New(s.URL, "sp_sk_test_other")
	must(t, err)
	_, err = stranger.Get(t.Context(), "TX_1")
	wantError(t, err, http.StatusUnauthorized, payments.CodeInvalidAPIKey)
}

func TestAnswersThatAreNotTheServices(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 5000)
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"a proxy's page", "<html>", http.StatusForbidden, ""},
		{"no error", `{"message":"m"}`, http.StatusConflict, ""},
		{"an odd detail", `{"error":"x","message":"m","detail":"text"}`, http.StatusConflict, "x"},
		{"odd fields", `{"error":"x","detail":{"fieldErrors":{"a":1}}}`, http.StatusConflict, "x"},
		{"long words", `{"error":"x","message":"` + long + `"}`, http.StatusConflict, "x"},
	} {
		client, _ := newClient(t, answering(t, c.status, nil, c.body).URL)
		_, err := client.Get(t.Context(), "TX_1")
		e := wantError(t, err, c.status, c.code)
		if len(e.Message) > 600 || len(e.FieldErrors) != 0 {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	for name, body := range map[string]string{"no JSON": "<html>", "no id": `{"status":"PENDING"}`, "an array": "[]", "half": `{"id":`, "fractions": `{"id":"TX_1","amount":1.5}`} {
		client, at := newClient(t, answering(t, http.StatusOK, nil, body).URL)
		if p, err := client.Get(t.Context(), "TX_1"); err == nil || len(at.slept) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// endless answers without end, and counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func (*endless) Close() error { return nil }

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: e, Request: r}, nil
}

func TestAnAnswerWithoutEndIsCut(t *testing.T) {
	t.Parallel()
	e := &endless{}
	c, err := payments.New("http://host", "k", payments.WithHTTPClient(&http.Client{Transport: e}))
	must(t, err)
	if _, err := c.Get(t.Context(), "TX_1"); err == nil || !strings.Contains(err.Error(), "longer than") || e.read > 16<<20 {
		t.Errorf("%v after %d bytes", err, e.read)
	}
}

func TestARedirectIsNotFollowedWithTheKey(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect} {
		c, _ := newClient(t, answering(t, status, http.Header{"Location": {elsewhere.URL}}, "").URL)
		_, err := c.Create(t.Context(), collection("r1"))
		wantError(t, err, status, "")
	}
}

func TestNoConnectionIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c, at := newClient(t, s.URL)
	_, err := c.Create(t.Context(), collection("r1"))
	if !errors.Is(err, payments.ErrNoAnswer) || len(at.slept) != 5 {
		t.Errorf("%v, slept %v", err, at.slept)
	}
}

func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "-1": 0, "1": time.Second, "4294967295": 24 * time.Hour, "99999999999999999999": 0,
		"Sun, 31 May 2026 22:10:16 GMT": time.Second, "Sun, 31 May 2026 22:10:00 GMT": 0, "Fri, 31 Dec 9999 23:59:59 GMT": 24 * time.Hour,
	} {
		c, _ := newClient(t, answering(t, http.StatusConflict, http.Header{"Retry-After": {header}}, "{}").URL)
		_, err := c.Get(t.Context(), "TX_1")
		if e := wantError(t, err, http.StatusConflict, ""); e.RetryAfter != want {
			t.Errorf("%q: %s, want %s", header, e.RetryAfter, want)
		}
	}
}
