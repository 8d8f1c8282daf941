package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
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
// have the bench's clock.
type bench struct {
	client      connectorpb.ConnectorClient
	orange      *simulator.Simulator
	net         *simnet.Network
	url         string
	settings    map[string]any
	version     int64
	environment string
	// credential and state are what the last calls left, as an engine keeps them.
	credential []byte
	state      []byte

	mu sync.Mutex
	at time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

// pass lets time go by and settles what is due.
func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.at = b.at.Add(d)
	b.mu.Unlock()
	b.net.Tick()
}

func setup(t testing.TB, dialect string) *bench {
	return setupAs(t, dialect, simulator.Settings{}, simnet.Settings{})
}

func setupAs(t testing.TB, dialect string, orange simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{version: 1, environment: "sandbox", at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now, Settings: network})
	var err error
	if b.orange, err = simulator.New(simulator.Options{Network: b.net, Now: b.now, Settings: orange}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.orange)
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.url = server.URL
	us, err := b.orange.Provision("CI")
	if err != nil {
		t.Fatal(err)
	}
	b.settings = map[string]any{"dialect": dialect, "baseUrl": b.url, "country": "CI", "clientId": us.ClientID, "clientSecret": us.ClientSecret}
	own := map[string]any{"merchantKey": us.MerchantKey, "returnUrl": "https://shop.example/paid", "cancelUrl": "https://shop.example/cart"}
	if dialect == core {
		own = map[string]any{"authToken": us.AuthToken, "channelNumber": us.ChannelNumber, "pin": us.PIN}
	}
	maps.Copy(b.settings, own)
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	b.client = b.another(t)
	return b
}

// another is the connector in a process that knows nothing yet.
func (b *bench) another(t testing.TB) connectorpb.ConnectorClient {
	t.Helper()
	c := newConnector()
	c.now = b.now
	return sdktest.NewClient(t, c)
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "orange", "CI", "XOF"
	if err := b.net.PutSIM(s); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) inject(t testing.TB, f simnet.Fault) {
	t.Helper()
	if err := b.net.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// set changes a setting; the connection is a new version from then on.
func (b *bench) set(name string, value any) {
	b.settings[name] = value
	if value == nil {
		delete(b.settings, name)
	}
	b.version++
}

func (b *bench) connection(t testing.TB) *connectorpb.Connection {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	raw, err := json.Marshal(b.settings)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: b.version, Environment: b.environment, Settings: raw, Credential: b.credential}
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			_, _ = w.Write([]byte(`{"access_token":"token-of-a-stranger","expires_in":"3600"}`))
		case strings.HasSuffix(r.URL.Path, "/mp/init"):
			_, _ = w.Write([]byte(`{"message":"OK","data":{"payToken":"MP1"}}`))
		default:
			handler(w, r)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
