package checkouttest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
	"github.com/afara-dev/afara/sdk/webhook"
)

const (
	never = "1h" // only webhooks bring news
	soon  = "20ms"
)

// Run holds a checkout to the rules.
func Run(t *testing.T, start Start) {
	t.Run("webhooks bring every end", func(t *testing.T) { t.Parallel(); ends(t, start) })
	t.Run("polling alone is enough", func(t *testing.T) { t.Parallel(); polls(t, start) })
	t.Run("what is refused is rolled back", func(t *testing.T) { t.Parallel(); refusals(t, start) })
	t.Run("a lost answer loses no payment", func(t *testing.T) { t.Parallel(); doubts(t, start) })
	t.Run("a webhook may overtake the answer", func(t *testing.T) { t.Parallel(); overtakes(t, start) })
	t.Run("webhooks are believed for their signature only", func(t *testing.T) { t.Parallel(); forgeries(t, start) })
	t.Run("without a secret no webhook is believed", func(t *testing.T) { t.Parallel(); closed(t, start) })
}

func ends(t *testing.T, start Start) {
	s := open(t, start, never, paymentstest.Secret)
	for _, status := range payments.Statuses() {
		o := s.buy()
		if o.State != "pending" || o.Status != "PENDING" || o.Text == "" || !strings.HasPrefix(o.Reference, "SHOP-PAY-") {
			t.Fatalf("accepted as %+v", o)
		}
		if status == payments.Pending {
			continue
		}
		s.settle(o.Transaction, status)
		want := "failed"
		if status == payments.Success {
			want = "paid"
		}
		for range 2 { // deliveries come at least once
			if answer := s.deliver(s.last()); answer != http.StatusNoContent {
				t.Errorf("%s: the webhook is answered with %d", status, answer)
			}
		}
		if got := s.order(o.ID); got.State != want || got.Status != string(status) || got.Text == o.Text {
			t.Errorf("%s: %+v", status, got)
		}
	}
	if books := s.books(); len(books) != 1 || books[0].Net != 24750 {
		t.Errorf("the books have %+v, want 24750 once", books)
	}
}

func polls(t *testing.T, start Start) {
	s := open(t, start, soon, paymentstest.Secret)
	o := s.buy()
	s.service.Fail(paymentstest.Fault{Status: http.StatusBadGateway}, paymentstest.Fault{Lost: true})
	s.settle(o.Transaction, payments.Success)
	s.until(o.ID, func(o order) bool { return o.State == "paid" })
	if answer := s.deliver(s.last()); answer != http.StatusNoContent {
		t.Errorf("a late webhook is answered with %d", answer)
	}
	cancelled := s.buy()
	s.settle(cancelled.Transaction, payments.UserCancelled)
	s.until(cancelled.ID, func(o order) bool { return o.State == "failed" })
	if books := s.books(); len(books) != 1 || books[0].Net != 24750 || books[0].Order != o.ID || books[0].Transaction != o.Transaction {
		t.Errorf("the books have %+v", books)
	}
}

func refusals(t *testing.T, start Start) {
	s := open(t, start, soon, paymentstest.Secret)
	s.service.Disable("mtn", "RW")
	var no struct{ Error string }
	status := s.ask(http.MethodPost, "/checkout", map[string]any{"amount": 25000, "currency": "RWF", "msisdn": payer}, &no)
	if status != http.StatusUnprocessableEntity || no.Error != payments.CodeEnvNotFound {
		t.Errorf("%d %+v", status, no)
	}
	// One that was in doubt, and is refused when it is asked about again.
	s.service.Fail(paymentstest.Fault{Status: http.StatusServiceUnavailable})
	o := s.buy()
	s.until(o.ID, func(o order) bool { return o == (order{}) })
	if books := s.books(); len(books) != 0 {
		t.Errorf("the books have %+v", books)
	}
}

func doubts(t *testing.T, start Start) {
	s := open(t, start, soon, paymentstest.Secret)
	s.service.Fail(paymentstest.Fault{Lost: true}, paymentstest.Fault{Lost: true}, paymentstest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "0"})
	o := s.buy()
	if o.State != "draft" {
		t.Errorf("after a lost answer it is %+v", o)
	}
	asked := s.until(o.ID, func(o order) bool { return o.State == "pending" })
	s.settle(asked.Transaction, payments.Success)
	s.until(o.ID, func(o order) bool { return o.State == "paid" })
	// All attempts were one payment.
	if all := s.service.Deliveries(); len(all) != 1 {
		t.Errorf("%d payments ended", len(all))
	}
	second := s.buy()
	if second.Transaction != "TX_00000002" || second.Reference == o.Reference {
		t.Errorf("the next payment is %+v", second)
	}
}

func overtakes(t *testing.T, start Start) {
	s := open(t, start, never, paymentstest.Secret)
	s.service.OnCreated(func(id string) {
		if err := s.service.Settle(id, payments.Success); err != nil {
			t.Error(err)
		}
		if status := s.deliver(s.last()); status != http.StatusNoContent {
			t.Errorf("the webhook is answered with %d", status)
		}
	})
	if o := s.buy(); o.State != "paid" || o.Transaction == "" {
		t.Errorf("%+v", o)
	}
	if books := s.books(); len(books) != 1 || books[0].Net != 24750 {
		t.Errorf("the books have %+v", books)
	}
}

func forgeries(t *testing.T, start Start) {
	s := open(t, start, never, paymentstest.Secret)
	o := s.buy()
	s.settle(o.Transaction, payments.UserCancelled)
	genuine := s.last()
	forge := func(change func(*paymentstest.Delivery)) paymentstest.Delivery {
		d := paymentstest.Delivery{Header: genuine.Header.Clone(), Body: bytes.Clone(genuine.Body)}
		change(&d)
		return d
	}
	for name, d := range map[string]paymentstest.Delivery{
		"another body": forge(func(d *paymentstest.Delivery) {
			d.Body = bytes.Replace(d.Body, []byte("USER_CANCELLED"), []byte("SUCCESS"), 1)
		}),
		"written anew": forge(func(d *paymentstest.Delivery) { d.Body = append(d.Body, '\n') }),
		"no signature": forge(func(d *paymentstest.Delivery) { d.Header.Del("X-SandPay-Signature") }),
		"half": forge(func(d *paymentstest.Delivery) {
			d.Header.Set("X-SandPay-Signature", d.Header.Get("X-SandPay-Signature")[:40])
		}),
		"no hexadecimal": forge(func(d *paymentstest.Delivery) { d.Header.Set("X-SandPay-Signature", "sha256=zz") }),
	} {
		if status := s.deliver(d); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if got := s.order(o.ID); got.State != "pending" {
		t.Errorf("a forgery made it %+v", got)
	}
	if status := s.deliver(genuine); status != http.StatusNoContent || s.order(o.ID).State != "failed" {
		t.Errorf("the genuine one: %d, %+v", status, s.order(o.ID))
	}
}

func closed(t *testing.T, start Start) {
	s := open(t, start, never, "")
	o := s.buy()
	s.settle(o.Transaction, payments.Success)
	genuine := s.last()
	empty := paymentstest.Delivery{Body: genuine.Body, Header: genuine.Header.Clone()}
	empty.Header.Set("X-SandPay-Signature", "sha256="+webhook.SignBody("", empty.Body)) // what anybody can make
	for _, d := range []paymentstest.Delivery{genuine, empty} {
		if status := s.deliver(d); status != http.StatusUnauthorized {
			t.Errorf("%d", status)
		}
	}
	if got := s.order(o.ID); got.State != "pending" {
		t.Errorf("%+v", got)
	}
}
