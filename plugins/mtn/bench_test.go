package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
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
	ada       = "+2250501234567"
	reference = "0f8fad5b-d9cb-469f-a165-70867728950e"
	other     = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
)

// bench is a connector, the MTN it talks to, and the connection between. Both
// have the bench's clock.
type bench struct {
	client      connectorpb.ConnectorClient
	mtn         *simulator.Simulator
	net         *simnet.Network
	url         string
	settings    map[string]any
	version     int64
	environment string

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

func setup(t testing.TB) *bench { return setupAs(t, simulator.Settings{}, simnet.Settings{}) }

func setupAs(t testing.TB, mtn simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{version: 1, environment: "sandbox", at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now, Settings: network})
	var err error
	if b.mtn, err = simulator.New(simulator.Options{Network: b.net, Now: b.now, Settings: mtn}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.mtn)
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.url = server.URL
	us, err := b.mtn.Provision("CI", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	b.settings = map[string]any{
		"baseUrl": b.url, "country": "CI", "collectionKey": us.CollectionKey, "disbursementKey": us.DisbursementKey,
		"apiUser": us.APIUser, "apiKey": us.APIKey, "callbackHost": "127.0.0.1",
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	c := newConnector()
	c.now = b.now
	b.client = sdktest.NewClient(t, c)
	return b
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "mtn", "CI", "XOF"
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
	raw, err := json.Marshal(b.settings)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: b.version, Environment: b.environment, Settings: raw}
}

func (b *bench) invoke(t testing.TB, operation string, parameters any) (string, *connectorpb.Error) {
	t.Helper()
	in, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.connection(t), Operation: operation, Key: "key-1", MessageId: "msg_1", Parameters: in,
	})
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	return string(answer.GetResult()), answer.GetError()
}

// want holds a result, which a standard operation's schema must take.
func (b *bench) want(t testing.TB, operation string, parameters any, result string) {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure != nil || got != result {
		t.Fatalf("%s answered %s, %v; want %s", operation, got, failure, result)
	}
}

func (b *bench) wantError(t testing.TB, operation string, parameters any, class connectorpb.Class, code string) *connectorpb.Error {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure.GetClass() != class || failure.GetCode() != code {
		t.Fatalf("%s answered %s, %v; want %s %s", operation, got, failure, class, code)
	}
	return failure
}

// find is a look-up's answer, valid against its schema.
func (b *bench) find(t testing.TB, operation, reference string) schemas.PaymentLookupOutput {
	t.Helper()
	got, failure := b.invoke(t, schemas.OpPaymentLookup, lookup(operation, reference))
	if failure != nil {
		t.Fatalf("look-up: %v", failure)
	}
	if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentLookup), []byte(got)); err != nil {
		t.Fatalf("look-up answered %s: %v", got, err)
	}
	var out schemas.PaymentLookupOutput
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check tests the connection; nil when it passes.
func (b *bench) check(t testing.TB) *connectorpb.Error {
	t.Helper()
	answer, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection(t)})
	if err != nil || answer.GetConnectionUnknown() {
		t.Fatalf("check: %v, %v", answer, err)
	}
	return answer.GetError()
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/collection/token/" || r.URL.Path == "/disbursement/token/" {
			_, _ = w.Write([]byte(`{"access_token":"token-of-a-stranger","expires_in":"3600"}`))
			return
		}
		handler(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
