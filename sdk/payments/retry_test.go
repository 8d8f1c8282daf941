package payments_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
)

func seconds(all ...int) (d []time.Duration) {
	for _, s := range all {
		d = append(d, time.Duration(s)*time.Second)
	}
	return d
}

func busy(n int) []paymentstest.Fault {
	return slices.Repeat([]paymentstest.Fault{{Status: http.StatusServiceUnavailable}}, n)
}

func TestWhatMayBeRepeatedIsRepeated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		faults []paymentstest.Fault
		slept  []time.Duration
		status int // of the error
	}{
		{name: "at once"},
		{name: "five times busy", faults: busy(5), slept: seconds(1, 2, 4, 8, 16)},
		{name: "six times busy", faults: busy(6), slept: seconds(1, 2, 4, 8, 16), status: http.StatusServiceUnavailable},
		{name: "told when", faults: []paymentstest.Fault{{Status: 429, RetryAfter: "30"}, {Status: 503, RetryAfter: "1"}}, slept: seconds(30, 1)},
		{name: "told a date", faults: []paymentstest.Fault{{Status: 429, RetryAfter: "Sun, 31 May 2026 22:10:35 GMT"}}, slept: seconds(20)},
		{name: "told nothing to read", faults: []paymentstest.Fault{{Status: 429, RetryAfter: "soon"}}, slept: seconds(1)},
		{name: "told to come tomorrow", faults: []paymentstest.Fault{{Status: 429, RetryAfter: "86400"}}, status: http.StatusTooManyRequests},
		{name: "a refusal", faults: []paymentstest.Fault{{Status: http.StatusPaymentRequired}}, status: http.StatusPaymentRequired},
		{name: "answers are lost", faults: []paymentstest.Fault{{Lost: true}, {Lost: true}}, slept: seconds(1, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, client, at := newService(t)
			s.Fail(c.faults...)
			p, err := client.Create(t.Context(), collection("r1"))
			var refused *payments.Error
			switch {
			case c.status == 0 && (err != nil || p.Status != payments.Pending):
				t.Errorf("%+v, %v", p, err)
			case c.status != 0 && (!errors.As(err, &refused) || refused.Status != c.status):
				t.Errorf("got %v, want %d", err, c.status)
			}
			if !slices.Equal(at.slept, c.slept) {
				t.Errorf("slept %v, want %v", at.slept, c.slept)
			}
			page, err := client.List(t.Context(), payments.Filter{})
			must(t, err)
			if want := min(1, max(0, 1-c.status)); len(page.Data) != want {
				t.Errorf("%d transactions, want %d", len(page.Data), want)
			}
		})
	}
}

func TestAPayoutWithoutAReferenceIsSentOnce(t *testing.T) {
	t.Parallel()
	s, c, at := newService(t)
	out := payments.Disbursement{Amount: 100, Currency: "RWF", MSISDN: payer, Application: paymentstest.Application}
	s.Fail(paymentstest.Fault{Lost: true})
	if _, err := c.Disburse(t.Context(), out); !errors.Is(err, payments.ErrNoAnswer) {
		t.Errorf("lost: %v", err)
	}
	s.Fail(busy(1)...)
	_, err := c.Disburse(t.Context(), out)
	wantError(t, err, http.StatusServiceUnavailable, payments.CodeInternal)
	s.Fail(busy(1)...)
	if _, err := c.Refund(t.Context(), "TX_1", payments.Refund{}); err == nil {
		t.Error("busy: no error")
	}
	if len(s.Requests()) != 3 || len(at.slept) != 0 {
		t.Errorf("%v, slept %v", s.Requests(), at.slept)
	}
	out.Reference = "d1"
	s.Fail(paymentstest.Fault{Lost: true})
	if p, err := c.Disburse(t.Context(), out); err != nil || !p.Idempotent || p.Status != payments.Success {
		t.Errorf("with a reference: %+v, %v", p, err)
	}
}

func TestAWaitForTheNextAttemptCanBeEnded(t *testing.T) {
	t.Parallel()
	s, c, at := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	at.woken = func(n int) {
		if n == 2 {
			cancel()
		}
	}
	s.Fail(busy(6)...)
	_, err := c.Create(ctx, collection("r1"))
	wantError(t, err, http.StatusServiceUnavailable, payments.CodeInternal)
	if !errors.Is(err, context.Canceled) || len(s.Requests()) != 2 {
		t.Errorf("%v after %v", err, s.Requests())
	}
	_, err = c.Create(ctx, collection("r1"))
	if !errors.Is(err, context.Canceled) || len(s.Requests()) != 2 {
		t.Errorf("%v after %v", err, s.Requests())
	}
}

// TestTheMachinesClockIsEndedToo uses the clock that production has.
func TestTheMachinesClockIsEndedToo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		time.AfterFunc(20*time.Millisecond, cancel)
	}))
	t.Cleanup(s.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := payments.New(s.URL, "k", payments.WithHTTPClient(&http.Client{Transport: transport}))
	must(t, err)
	if _, err := c.Get(ctx, "TX_1"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWaitOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	s, c, at := newService(t)
	p, err := c.Create(t.Context(), collection("r1"))
	must(t, err)
	s.Fail(append(busy(8), paymentstest.Fault{Lost: true}, paymentstest.Fault{Status: 429, RetryAfter: "7"})...)
	at.woken = func(n int) {
		if n == 10 {
			must(t, s.Settle(p.ID, payments.UserCancelled))
		}
	}
	end, err := c.Wait(t.Context(), p.ID)
	if err != nil || end.Status != payments.UserCancelled {
		t.Errorf("%+v, %v", end, err)
	}
	if want := append(slices.Repeat(seconds(4), 9), seconds(7)...); !slices.Equal(at.slept, want) {
		t.Errorf("slept %v", at.slept)
	}
}

func TestWaitEndsWithItsContextAndWithARefusal(t *testing.T) {
	t.Parallel()
	_, c, at := newService(t)
	p, err := c.Create(t.Context(), collection("r1"))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	at.woken = func(int) { cancel() }
	last, err := c.Wait(ctx, p.ID)
	if !errors.Is(err, context.Canceled) || last.ID != p.ID || last.Status != payments.Pending || !strings.Contains(err.Error(), "PENDING") {
		t.Errorf("%+v, %v", last, err)
	}
	_, err = c.Wait(t.Context(), "TX_NONE")
	wantError(t, err, http.StatusNotFound, payments.CodeNotFound)
	for _, id := range []string{"", "..", "a/b", "a?b", strings.Repeat("A", 101)} {
		if _, err := c.Wait(t.Context(), id); err == nil {
			t.Errorf("%q is asked for", id)
		}
		if _, err := c.Refund(t.Context(), id, payments.Refund{}); err == nil {
			t.Errorf("%q is refunded", id)
		}
	}
}
