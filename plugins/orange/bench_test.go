package main

import (
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/orange/simulator"
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
	ada       = "+2250701234567"
	reference = "ORDER-1.A"
	other     = "ORDER-2.A"
)

const (
	webpay = "webpay"
	core   = "core"
)

// bench is a connector, the Orange it talks to, and the connection between. Both
// have the network's clock.
type bench struct {
	*simnettest.Connection
	orange *simulator.Simulator
	net    *simnettest.Network
	url    string
}

func setup(t testing.TB, dialect string) *bench {
	return setupAs(t, dialect, simulator.Settings{}, simnet.Settings{})
}

func setupAs(t testing.TB, dialect string, orange simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{Settings: network})}
	var err error
	if b.orange, err = simulator.New(simulator.Options{Network: b.net.Network, Now: b.net.Now, Settings: orange}); err != nil {
		t.Fatal(err)
	}
	b.url = b.net.Serve(t, b.orange).URL
	us, err := b.orange.Provision("CI")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{"dialect": dialect, "baseUrl": b.url, "country": "CI", "clientId": us.ClientID, "clientSecret": us.ClientSecret}
	own := map[string]any{"merchantKey": us.MerchantKey, "returnUrl": "https://shop.example/paid", "cancelUrl": "https://shop.example/cart"}
	if dialect == core {
		own = map[string]any{"authToken": us.AuthToken, "channelNumber": us.ChannelNumber, "pin": us.PIN}
	}
	maps.Copy(settings, own)
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	b.Connection = simnettest.Connect(t, b.connector(), settings)
	b.Keeps = true
	return b
}

func (b *bench) connector() *connector {
	c := newConnector()
	c.now = b.net.Now
	return c
}

// another is the connector in a process that knows nothing yet.
func (b *bench) another(t testing.TB) connectorpb.ConnectorClient {
	t.Helper()
	return sdktest.NewClient(t, b.connector())
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "orange", "CI", "XOF"
	b.net.Put(t, s)
}

// collect sends a payment and answers what came.
func (b *bench) collect(t testing.TB, in schemas.PaymentInput) schemas.PaymentOutput {
	t.Helper()
	got, failure := b.Invoke(t, schemas.OpPaymentCollect, in)
	return simnettest.Read[schemas.PaymentOutput](t, schemas.OpPaymentCollect, got, failure)
}

// find is a look-up's answer.
func (b *bench) find(t testing.TB) schemas.PaymentLookupOutput {
	t.Helper()
	return b.Lookup(t, lookup(reference))
}

func payment() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "CI", MSISDN: ada,
		Reference: "ORDER-1", Description: "Two beers",
	}
}

func played(scenario string) schemas.PaymentInput {
	in := payment()
	in.Scenario = scenario
	return in
}

func lookup(reference string) schemas.PaymentLookupInput {
	return schemas.PaymentLookupInput{
		Operation: schemas.OpPaymentCollect, OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "CI", MSISDN: ada,
	}
}

// answering serves one answer on every path but the token's and the pay token's,
// for what the stand-in does not say.
func answering(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	return simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			_, _ = w.Write([]byte(`{"access_token":"token-of-a-stranger","expires_in":"3600"}`))
		case strings.HasSuffix(r.URL.Path, "/mp/init"):
			_, _ = w.Write([]byte(`{"message":"OK","data":{"payToken":"MP1"}}`))
		default:
			handler(w, r)
		}
	})
}
