package main

import (
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// TestMain makes this binary the connector itself when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv(sdk.Handshake().MagicCookieKey) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	ada       = "+2250501234567"
	reference = "0f8fad5b-d9cb-469f-a165-70867728950e"
	other     = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
)

// bench is a connector, the MTN it talks to, and the connection between. Both
// have the network's clock.
type bench struct {
	*simnettest.Connection
	mtn *simulator.Simulator
	net *simnettest.Network
	url string
}

func setup(t testing.TB) *bench { return setupAs(t, simulator.Settings{}, simnet.Settings{}) }

func setupAs(t testing.TB, mtn simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{Settings: network})}
	var err error
	if b.mtn, err = simulator.New(simulator.Options{Network: b.net.Network, Now: b.net.Now, Settings: mtn}); err != nil {
		t.Fatal(err)
	}
	b.url = b.net.Serve(t, b.mtn).URL
	us, err := b.mtn.Provision("CI", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{
		"baseUrl": b.url, "country": "CI", "collectionKey": us.CollectionKey, "disbursementKey": us.DisbursementKey,
		"apiUser": us.APIUser, "apiKey": us.APIKey, "callbackHost": "127.0.0.1",
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	c := newConnector()
	c.now = b.net.Now
	b.Connection = simnettest.Connect(t, c, settings)
	return b
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "mtn", "CI", "XOF"
	b.net.Put(t, s)
}

// find is a look-up's answer.
func (b *bench) find(t testing.TB, operation, reference string) schemas.PaymentLookupOutput {
	t.Helper()
	return b.Lookup(t, lookup(operation, reference))
}

const pending = `{"status":"PENDING"}`

func payment() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "CI", MSISDN: ada,
		Reference: "ORDER-1", Description: "Two beers",
	}
}

func refund(of string, amount int64) schemas.PaymentRefundInput {
	in := schemas.PaymentRefundInput{PaymentInput: payment(), Original: schemas.PaymentOriginal{OperatorReference: of, Amount: 500}}
	in.OperatorReference, in.Amount = other, amount
	return in
}

func lookup(operation, reference string) schemas.PaymentLookupInput {
	return schemas.PaymentLookupInput{
		Operation: operation, OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "CI", MSISDN: ada,
	}
}

// answering serves one answer on every path but the token's, for what the
// stand-in does not say.
func answering(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	return simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/collection/token/" || r.URL.Path == "/disbursement/token/" {
			_, _ = w.Write([]byte(`{"access_token":"token-of-a-stranger","expires_in":"3600"}`))
			return
		}
		handler(w, r)
	})
}
