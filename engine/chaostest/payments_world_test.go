//go:build linux

package chaostest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

// The SIMs of these worlds.
const (
	people = 40      // who have wealth each, and pay
	wealth = 500_000 // francs
	poor   = "+2250501230001"
	locked = "+2250501230002"
	nobody = "+2250501230003" // in no registry
)

// patience is how long the connector waits for an answer; the slow ones of the
// operator take longer, and act when nobody waits any more.
const patience = "2s"

// owner is the number of one of the people.
func owner(i int) string { return fmt.Sprintf("+22505012345%02d", i) }

// paymentWorld is a world whose integrator collects, refunds and pays out over
// MTN's stand-in, which runs in the test's process: no kill touches its books.
type paymentWorld struct {
	*world
	net      *simnet.Network
	had      map[string]int64 // what each SIM had before anything happened
	merchant string           // the account at the operator
	hadThere int64            // what that had
	env      domain.EnvironmentID
}

// newPaymentWorld makes a world whose nodes all listen at one address, so that
// what the operator pushes reaches whichever runs, and is lost when none does.
// Without the guard the operator takes a used reference and moves money again.
func newPaymentWorld(t *testing.T, b backend, guard bool) *paymentWorld {
	t.Helper()
	w := &paymentWorld{world: bareWorld(t, b, usual, ""), had: map[string]int64{}}
	if w.name += " with the guard"; !guard {
		w.name = b.name + " without the guard"
	}
	w.net = simnet.New(simnet.Options{Settings: simnet.Settings{NoDuplicateGuard: !guard}})
	operator, err := mtn.New(mtn.Options{Network: w.net})
	must(t, err)
	server := httptest.NewServer(operator)
	t.Cleanup(func() { _ = w.net.Close(); server.CloseClientConnections(); server.Close() })
	w.hand(simnet.SIM{Number: poor, Balance: 10})
	w.hand(simnet.SIM{Number: locked, Balance: wealth, Blocked: true})
	for i := range people {
		w.hand(simnet.SIM{Number: owner(i), Balance: wealth})
	}
	host, address := w.listenAtOneAddress()
	w.args = append(w.args, "--listen", address, "--public-url", "http://"+address)
	us, err := operator.Provision("CI", host)
	must(t, err)
	w.merchant = us.APIUser
	w.hadThere = w.net.Float(mtn.Operator, w.merchant, "XOF")
	w.open(us, server.URL)
	return w
}

// hand gives somebody a SIM.
func (w *paymentWorld) hand(sim simnet.SIM) {
	w.t.Helper()
	sim.Operator, sim.Country, sim.Currency, sim.PIN = mtn.Operator, "CI", "XOF", pin
	must(w.t, w.net.PutSIM(sim))
	w.had[sim.Number] = sim.Balance
}

// listenAtOneAddress finds an address for all nodes, one after the other.
func (w *paymentWorld) listenAtOneAddress() (host, address string) {
	w.t.Helper()
	host = loopback()
	l, err := net.Listen("tcp", host+":0")
	must(w.t, err)
	must(w.t, l.Close())
	return host, l.Addr().String()
}

// open makes the integrator with its connection, corridor, store and webhook.
func (w *paymentWorld) open(us mtn.Account, url string) {
	w.t.Helper()
	settings, err := json.Marshal(map[string]any{
		"baseUrl": url, "country": "CI", "collectionKey": us.CollectionKey, "disbursementKey": us.DisbursementKey,
		"apiUser": us.APIUser, "apiKey": us.APIKey, "callbackHost": us.CallbackHost, "timeout": patience,
	})
	must(w.t, err)
	w.offline(func(e *engine.Engine) {
		w.env, w.key = w.environment(e, "Zana")
		ctx := w.t.Context()
		c, err := e.Registry.Put(ctx, registry.NewConnection{Environment: w.env, Kind: domain.Sandbox, Connector: mtn.Operator, Enabled: true, Settings: settings})
		must(w.t, err)
		bps, absorbed, slug := int64(250), int64(40), store
		_, _, err = e.Corridors.Put(ctx, w.env, mtn.Operator, "CI", corridor.Patch{Connection: &c.ID, CommissionBps: &bps, MerchantAbsorptionPct: &absorbed}, "tester")
		must(w.t, err)
		_, draft, err := e.Corridors.CreateStore(ctx, w.env, corridor.StorePatch{Slug: &slug}, "tester")
		must(w.t, err)
		must(w.t, e.Applier.Apply(ctx, domain.Change{Parts: draft.Parts}))
		w.hear(e)
	})
}

// hear has every event told to the world's receiver.
func (w *paymentWorld) hear(e *engine.Engine) {
	w.t.Helper()
	env, err := e.Tenants.Environment(w.t.Context(), w.env)
	must(w.t, err)
	draft, err := e.Callbacks.CreateEndpoint(w.t.Context(), env.Environment, callback.EndpointPatch{
		URL: &w.receiver.URL, Events: &[]string{"*"}, Retry: json.RawMessage(soon),
	}, "tester")
	must(w.t, err)
	must(w.t, e.Applier.Apply(w.t.Context(), domain.Change{Parts: draft.Parts}))
	var answer struct {
		Data struct {
			Secret string `json:"secret"`
		} `json:"data"`
	}
	must(w.t, json.Unmarshal(draft.Answer, &answer))
	w.receiver.secrets = append(w.receiver.secrets, answer.Data.Secret)
}

// pin approves a prompt on any phone.
const pin = "1234"

// phones answers what the phones show until enough is closed: most people pay.
func (w *paymentWorld) phones(random *rand.Rand, enough <-chan struct{}) {
	for {
		within(phonePause, func() bool { return isClosed(enough) || len(w.net.Prompts(simnet.Filter{})) > 0 })
		if isClosed(enough) || w.t.Context().Err() != nil {
			return
		}
		for _, p := range w.net.Prompts(simnet.Filter{}) {
			answer := simnet.Approve
			switch random.IntN(20) {
			case 0:
				answer = simnet.Refuse
			case 1:
				answer = simnet.WrongPIN
			}
			// It may have been answered: without the guard a reference asks anew.
			_, _ = w.net.Answer(mtn.Operator, p.Reference, answer, pin)
		}
	}
}
