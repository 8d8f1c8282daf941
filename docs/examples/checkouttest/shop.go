package checkouttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
)

// Start runs the checkout with this environment until the test ends, and answers
// its URL, without a slash at the end.
type Start func(t *testing.T, env map[string]string) string

// order and entry are as the checkouts show them.
type order struct{ ID, State, Text, Reference, Transaction, Status string }

type entry struct {
	Order, Transaction string
	Net                int64
}

// shop is one running checkout and the service that it calls.
type shop struct {
	t       *testing.T
	url     string
	service *paymentstest.Server
}

const payer = "+250788123456"

// open starts a checkout that polls so often. Secret is that of its webhooks.
func open(t *testing.T, start Start, poll, secret string) shop {
	t.Helper()
	service := paymentstest.NewServer()
	t.Cleanup(service.Close)
	service.PutSIM(payer, 1_000_000, false)
	return shop{t: t, service: service, url: start(t, map[string]string{
		"SANDPAY_BASE_URL": service.URL + "/", "SANDPAY_API_KEY": paymentstest.Key, "SANDPAY_WEBHOOK_SECRET": secret,
		"SANDPAY_APPLICATION": paymentstest.Application, "POLL_EVERY": poll, "PORT": "0",
	})}
}

// ask sends a request and decodes the answer. It answers the status.
func (s shop) ask(method, path string, body, into any) int {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if into != nil {
		if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
			s.t.Fatalf("%s %s answers %d: %v", method, path, answer.StatusCode, err)
		}
	}
	return answer.StatusCode
}

// buy checks 25,000 out, which must be accepted.
func (s shop) buy() order {
	s.t.Helper()
	var o order
	if status := s.ask(http.MethodPost, "/checkout", map[string]any{"amount": 25000, "currency": "RWF", "msisdn": payer}, &o); status != http.StatusAccepted {
		s.t.Fatalf("the checkout answers %d", status)
	}
	return o
}

func (s shop) order(id string) (o order) {
	s.t.Helper()
	if status := s.ask(http.MethodGet, "/orders/"+id, nil, &o); status != http.StatusOK {
		return order{}
	}
	return o
}

func (s shop) books() (all []entry) {
	s.t.Helper()
	s.ask(http.MethodGet, "/books", nil, &all)
	return all
}

// until asks for an order until it is as wanted.
func (s shop) until(id string, wanted func(order) bool) order {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		o := s.order(id)
		if wanted(o) {
			return o
		}
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("after a minute it is %+v", o)
		}
	}
}

func (s shop) settle(id string, status payments.Status) {
	s.t.Helper()
	if err := s.service.Settle(id, status); err != nil {
		s.t.Fatal(err)
	}
}

// deliver sends a webhook to the checkout and answers what it said.
func (s shop) deliver(d paymentstest.Delivery) int {
	s.t.Helper()
	status, err := d.Post(s.t.Context(), s.url+"/webhooks/sandpay")
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

// last is the newest webhook.
func (s shop) last() paymentstest.Delivery {
	s.t.Helper()
	all := s.service.Deliveries()
	if len(all) == 0 {
		s.t.Fatal("no webhook")
	}
	return all[len(all)-1]
}
