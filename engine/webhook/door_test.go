package webhook_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/webhook"
)

func TestTheDoorKnowsItsAddresses(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) { c.PublicURL = "https://afara.example/base/" })
		for k, kind := range map[webhook.Knock]string{
			{Connector: "one", Connection: string(connection)}:                          "told",
			{Connector: "one", Connection: string(connection), Kind: "told"}:            "told",
			{Connector: "many", Connection: string(several), Kind: "paid"}:              "paid",
			{Connector: "many", Connection: string(several)}:                            "",
			{Connector: "one", Connection: string(connection), Kind: "paid"}:            "",
			{Connector: "many", Connection: string(connection)}:                         "",
			{Connector: "one", Connection: "con_01J0000000000000000000000Z"}:            "",
			{Connector: "one", Connection: "nonsense"}:                                  "",
			{Connector: "one", Connection: string(connection) + "' OR 1", Kind: "told"}: "",
		} {
			visit, err := s.Enter(w.Context(), k)
			if kind == "" {
				if !errors.Is(err, webhook.ErrNotFound) {
					w.Errorf("%+v: %v", k, err)
				}
				continue
			}
			w.must(err)
			_, err = visit.Receive(w.Context(), request("genuine A "+fmt.Sprint(k)))
			w.must(err)
			visit.Leave()
			if got := w.asked[len(w.asked)-1].Kind; got != kind {
				w.Errorf("%+v: kind %s, want %s", k, got, kind)
			}
		}
		if got, want := s.Address(domain.ConnectionRef{ID: several, Connector: "many", Environment: domain.Sandbox}), "https://afara.example/base/webhooks/many/"+string(several); got != want {
			w.Errorf("%s, want %s", got, want)
		}
		if got := w.service().Address(domain.ConnectionRef{ID: connection, Connector: "one", Environment: domain.Sandbox}); got != "" {
			w.Errorf("%q without an address of the installation", got)
		}
	})
}

// enter knocks and reports whether it was let in; whoever was has to leave.
func (w *world) enter(s *webhook.Service, address string) *webhook.Visit {
	w.Helper()
	k := knock()
	k.Address = address
	visit, err := s.Enter(w.Context(), k)
	if err == nil {
		return visit
	}
	var refused *domain.Error
	if !errors.As(err, &refused) || refused.Code != "webhooks_too_fast" || refused.RetryAfter < time.Second {
		w.Fatalf("%v", err)
	}
	return nil
}

func TestStrangersAreHeldBackAndVendorsAreNot(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) {
			c.Rates = webhook.Rates{
				Address:    webhook.Rate{PerSecond: 100, Burst: 100, InFlight: 100},
				Connection: webhook.Rate{PerSecond: 100, Burst: 100, InFlight: 100},
				Neighbour:  webhook.Rate{PerSecond: 1, Burst: 3, InFlight: 2},
			}
		})
		for i := range 20 {
			w.want(s, fmt.Sprint("took ", i), request(fmt.Sprint("genuine ", i)))
		}
		for i := range 3 {
			w.want(s, "webhook_refused", request(fmt.Sprint("forged ", i)))
		}
		w.want(s, "webhooks_too_fast", request("genuine late"))
		if visit := w.enter(s, "192.0.2.2"); visit == nil {
			w.Error("one address held another back")
		} else {
			visit.Leave()
		}
		w.clock.Add(time.Second)
		w.want(s, "took late", request("genuine late"))
		// Repeats of what was genuine are anybody's, and so are handshakes.
		w.want(s, "took late", request("genuine late"))
		w.want(s, "webhooks_too_fast", request("genuine late"))
		w.clock.Add(time.Second)
		w.answers(func(domain.Webhook) domain.WebhookOutcome { return verified("") })
		w.want(s, "took ", request("hello"))
		w.want(s, "webhooks_too_fast", request("hello again"))
	})
}

func TestOnlySoManyAreInAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) {
			c.Rates = endless()
			c.Rates.Neighbour.InFlight, c.Rates.Connection.InFlight = 2, 3
		})
		a, b := w.enter(s, "a"), w.enter(s, "a")
		if w.enter(s, "a") != nil {
			w.Error("a third of one address is in")
		}
		c := w.enter(s, "b")
		if a == nil || b == nil || c == nil || w.enter(s, "c") != nil {
			w.Error("not three of the connection are in")
		}
		b.Leave()
		if w.enter(s, "a") == nil {
			w.Error("a place that was left is not there again")
		}
	})
}

// Addresses that strangers make up take no memory for long.
func TestManyAddressesAreForgotten(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) { c.Rates.Connection = endless().Connection })
		for i := range 25_000 {
			if visit := w.enter(s, fmt.Sprint(i)); visit != nil {
				visit.Leave()
			}
			if i%1000 == 0 {
				w.clock.Add(time.Minute)
			}
		}
		if visit := w.enter(s, "one more"); visit == nil {
			w.Error("nobody gets in any more")
		}
	})
}

func TestNewChecksItsWiring(t *testing.T) {
	t.Parallel()
	if _, err := webhook.New(webhook.Config{}); err == nil {
		t.Error("wired with nothing")
	}
}
