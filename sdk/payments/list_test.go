package payments_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
)

func TestAllGivesEachOnceWhileOthersComeIn(t *testing.T) {
	t.Parallel()
	s, c, _ := newService(t)
	for i := range 25 {
		_, err := c.Create(t.Context(), collection(fmt.Sprint("r", i)))
		must(t, err)
	}
	var got []string
	for p, err := range c.All(t.Context(), payments.Filter{Limit: 10, Operator: "mtn", Country: "RW", Type: payments.TypeCollection, Status: payments.Pending}) {
		must(t, err)
		if len(got) == 0 {
			_, err := c.Create(t.Context(), collection("later"))
			must(t, err)
		}
		got = append(got, p.Reference)
	}
	if len(got) != 25 || got[0] != "r24" || got[24] != "r0" {
		t.Errorf("%v", got)
	}
	for range c.All(t.Context(), payments.Filter{Limit: 10}) {
		break
	}
	asked := s.Requests()
	if last := asked[len(asked)-1]; len(asked) != 25+3+1+1 || last != "GET /v1/payments?limit=10" {
		t.Errorf("%d requests, the last %s", len(asked), last)
	}
}

func TestAllFiltersByOrder(t *testing.T) {
	t.Parallel()
	_, c, _ := newService(t)
	for i := range 4 {
		in := collection(fmt.Sprint("r", i))
		in.OrderRef = fmt.Sprint("order ", i%2)
		_, err := c.Create(t.Context(), in)
		must(t, err)
	}
	n := 0
	for p, err := range c.All(t.Context(), payments.Filter{Order: "order 1"}) {
		must(t, err)
		if p.OrderRef != "order 1" {
			t.Errorf("%+v", p)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d", n)
	}
}

func TestAllEndsWithAnError(t *testing.T) {
	t.Parallel()
	s, c, _ := newService(t)
	for i := range 3 {
		_, err := c.Create(t.Context(), collection(fmt.Sprint("r", i)))
		must(t, err)
	}
	s.Fail(paymentstest.Fault{}, paymentstest.Fault{Status: http.StatusPaymentRequired})
	var errs, n int
	for _, err := range c.All(t.Context(), payments.Filter{Limit: 2}) {
		if err != nil {
			wantError(t, err, http.StatusPaymentRequired, payments.CodeInternal)
			errs++
			continue
		}
		n++
	}
	if errs != 1 || n != 2 {
		t.Errorf("%d errors, %d payments", errs, n)
	}
	_, err := c.List(t.Context(), payments.Filter{Cursor: "bad"})
	wantError(t, err, http.StatusBadRequest, payments.CodeInvalidParams)
}

func TestAListingWithoutEndIsAnError(t *testing.T) {
	t.Parallel()
	for name, cursors := range map[string][]string{"no cursor": {"null"}, "no cursor later": {`"a"`, "null"}, "the same again": {`"a"`, `"a"`}} {
		asked := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			next := cursors[min(asked, len(cursors)-1)]
			asked++
			_, _ = io.WriteString(w, `{"data":[{"id":"TX_1"}],"hasMore":true,"nextCursor":`+next+`}`)
		}))
		t.Cleanup(s.Close)
		c, _ := newClient(t, s.URL)
		given, errs := 0, 0
		for _, err := range c.All(t.Context(), payments.Filter{}) {
			if given++; given > 3 {
				t.Fatalf("%s: it goes on", name)
			}
			if err != nil && strings.Contains(err.Error(), "no new cursor") {
				errs++
			}
		}
		if errs != 1 || asked != len(cursors) {
			t.Errorf("%s: %d errors after %d pages", name, errs, asked)
		}
	}
}
