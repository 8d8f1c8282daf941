package main

import (
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/sdktest"
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
	ada       = "+250730123456"
	reference = "C01ARZ3NDEKTSV4RRFFQ69G5FAV"
	payoutRef = "D01ARZ3NDEKTSV4RRFFQ69G5FAV"
	refundRef = "R01ARZ3NDEKTSV4RRFFQ69G5FAV"
	other     = "C7ZZZZ3NDEKTSV4RRFFQ69G5FAV"
)

// bench is a connector, the Airtel it talks to, and the connection between. Both
// have the network's clock.
type bench struct {
	*simnettest.Connection
	airtel *simulator.Simulator
	net    *simnettest.Network
	url    string
	us     simulator.Account
}

func setup(t testing.TB) *bench { return setupAs(t, simulator.Settings{}, simnet.Settings{}) }

func setupAs(t testing.TB, airtel simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{Settings: network})}
	var err error
	if b.airtel, err = simulator.New(simulator.Options{Network: b.net.Network, Now: b.net.Now, Settings: airtel}); err != nil {
		t.Fatal(err)
	}
	b.url = b.net.Serve(t, b.airtel).URL
	if b.us, err = b.airtel.Provision("RW", "", false); err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{
		"baseUrl": b.url, "country": "RW", "clientId": b.us.ClientID, "clientSecret": b.us.ClientSecret,
		"pin": b.us.PIN, "rsaPadding": "oaep_sha1",
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	b.Connection = simnettest.Connect(t, b.connector(), settings)
	return b
}

func (b *bench) connector() *connector {
	c := newConnector()
	c.now = b.net.Now
	return c
}

// process is another process of the connector.
func (b *bench) process(t testing.TB) connectorpb.ConnectorClient {
	t.Helper()
	return sdktest.NewClient(t, b.connector())
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "airtel", "RW", "RWF"
	b.net.Put(t, s)
}

// asked is how often Airtel was asked for an operation.
func (b *bench) asked(operation string) int64 { return b.net.Counters().Requests["airtel."+operation] }

// find is a look-up's answer.
func (b *bench) find(t testing.TB, operation, reference string) schemas.PaymentLookupOutput {
	t.Helper()
	return b.Lookup(t, lookup(operation, reference))
}

func payment() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: reference, Amount: 500, Currency: "RWF", Country: "RW", MSISDN: ada,
		Reference: "ORDER-1", Description: "Two beers",
	}
}

func payout() schemas.PaymentInput {
	in := payment()
	in.OperatorReference = payoutRef
	return in
}

func refund(of string, amount int64) schemas.PaymentRefundInput {
	in := schemas.PaymentRefundInput{PaymentInput: payment(), Original: schemas.PaymentOriginal{OperatorReference: of, Amount: 500}}
	in.OperatorReference, in.Amount = refundRef, amount
	return in
}

func lookup(operation, reference string) schemas.PaymentLookupInput {
	return schemas.PaymentLookupInput{
		Operation: operation, OperatorReference: reference, Amount: 500, Currency: "RWF", Country: "RW", MSISDN: ada,
	}
}

// answering serves one answer on every path but the token's, for what the
// stand-in does not say.
func answering(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	return simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/oauth2/token" {
			_, _ = w.Write([]byte(`{"token_type":"bearer","access_token":"token-of-a-stranger","expires_in":"180"}`))
			return
		}
		handler(w, r)
	})
}
