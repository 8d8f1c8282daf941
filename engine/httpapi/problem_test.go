package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/store"
)

// keysFunc is a store of keys that is what a test says.
type keysFunc func() (domain.Principal, error)

func (f keysFunc) Authenticate(context.Context, string) (domain.Principal, error) { return f() }

// failing is a world where every request with a key ends in f.
func failing(t *testing.T, f func() error) *world {
	return newWorld(t, func(c *httpapi.Config, _ *ingest.Config) {
		c.Keys = keysFunc(func() (domain.Principal, error) { return domain.Principal{}, f() })
	})
}

func TestEachKindOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	var err error
	w := failing(t, func() error { return err })
	secret := errors.New("pq: password authentication failed for hunter2")
	e := func(k domain.Kind) *domain.Error { return &domain.Error{Kind: k, Code: "a_code", Detail: "A detail."} }
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{e(domain.KindMalformed), 400, "a_code"},
		{fmt.Errorf("wrapped: %w", e(domain.KindUnauthenticated)), 401, "a_code"},
		{e(domain.KindForbidden), 403, "a_code"},
		{e(domain.KindInvalid), 422, "a_code"},
		{&domain.Error{Kind: domain.KindUnavailable, Code: "a_code", Detail: "A detail.", RetryAfter: 1500 * time.Millisecond}, 503, "a_code"},
		{e(domain.KindInternal).With(secret), 500, "a_code"},
		{e("invented"), 500, "a_code"},
		{fmt.Errorf("read: %w: %w", store.ErrUnavailable, secret), 503, "store_unavailable"},
		{fmt.Errorf("commit: %w: %w", store.ErrUnknown, secret), 503, "outcome_unknown"},
		{fmt.Errorf("slow: %w", context.DeadlineExceeded), 503, "timeout"},
		{secret, 500, "internal"},
	} {
		err = c.err
		r := w.call("k", "GET", "/si/invoices", "")
		var p problem
		must(t, decodeInto(r.body, &p))
		if r.status != c.status || p.Code != c.code || p.Type != "https://afara.dev/problems/"+c.code || p.RequestID != r.header.Get("X-Request-Id") {
			t.Errorf("%v: status %d, %+v", c.err, r.status, p)
		}
		if strings.Contains(string(r.body), "hunter2") {
			t.Errorf("the cause is shown: %s", r.body)
		}
		if retry := r.header.Get("Retry-After"); (retry != "") != (c.status == 503) || retry != "" && retry != "2" {
			t.Errorf("%v: Retry-After %q", c.err, retry)
		}
	}
	if !strings.Contains(w.logs.String(), "hunter2") {
		t.Error("the cause is not in the log")
	}
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	w := failing(t, func() error { panic("oh no") })
	p := w.refused(http.StatusInternalServerError, "internal", "k", "GET", "/si/invoices", "")
	if log := w.logs.String(); !strings.Contains(log, "oh no") || !strings.Contains(log, p.RequestID) {
		t.Errorf("log: %s", log)
	}
}

func TestExtraMembersNeverHideOurs(t *testing.T) {
	t.Parallel()
	w := failing(t, func() error {
		return &domain.Error{Kind: domain.KindForbidden, Code: "a_code", Detail: "A detail.", Extra: map[string]any{"status": 200, "invoiceId": "inv_1"}}
	})
	if p := w.refused(http.StatusForbidden, "a_code", "k", "GET", "/si/invoices", ""); p.InvoiceID != "inv_1" {
		t.Errorf("%+v", p)
	}
}

func TestAnExtraThatIsNoJSONCostsOnlyItself(t *testing.T) {
	t.Parallel()
	w := failing(t, func() error {
		return &domain.Error{Kind: domain.KindForbidden, Code: "a_code", Detail: "A detail.", Extra: map[string]any{"x": func() {}}}
	})
	w.refused(http.StatusForbidden, "a_code", "k", "GET", "/si/invoices", "")
}

func TestUnknownPathsAndMethodsAreProblemsToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(http.StatusNotFound, "no_such_route", "", "GET", "/si/invoice", "")
	w.refused(http.StatusNotFound, "no_such_schema", "", "GET", "/schemas/v1/../../go.mod", "")
	w.refused(http.StatusNotFound, "no_such_schema", "", "GET", "/schemas/v1/nothing.json", "")
	r := w.call("", "DELETE", "/si/invoices", "")
	if allow := strings.Join(r.header.Values("Allow"), ", "); r.status != http.StatusMethodNotAllowed || allow != "GET, HEAD, POST" {
		t.Errorf("status %d, Allow %q", r.status, allow)
	}
	if r := w.call("", "HEAD", "/healthz", ""); r.status != http.StatusOK {
		t.Errorf("HEAD: status %d", r.status)
	}
}
