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

	"github.com/afara-dev/afara/plugins/airtel/simulator"
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
	ada       = "+250730123456"
	reference = "C01ARZ3NDEKTSV4RRFFQ69G5FAV"
	payoutRef = "D01ARZ3NDEKTSV4RRFFQ69G5FAV"
	refundRef = "R01ARZ3NDEKTSV4RRFFQ69G5FAV"
	other     = "C7ZZZZ3NDEKTSV4RRFFQ69G5FAV"
)

// bench is a connector, the Airtel it talks to, and the connection between. Both
// have the bench's clock.
type bench struct {
	client      connectorpb.ConnectorClient
	airtel      *simulator.Simulator
	net         *simnet.Network
	url         string
	us          simulator.Account
	settings    map[string]any
	credential  []byte // as the engine keeps it
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

func setupAs(t testing.TB, airtel simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{version: 1, environment: "sandbox", at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now, Settings: network})
	var err error
	if b.airtel, err = simulator.New(simulator.Options{Network: b.net, Now: b.now, Settings: airtel}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.airtel)
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.url = server.URL
	if b.us, err = b.airtel.Provision("RW", "", false); err != nil {
		t.Fatal(err)
	}
	b.settings = map[string]any{
		"baseUrl": b.url, "country": "RW", "clientId": b.us.ClientID, "clientSecret": b.us.ClientSecret,
		"pin": b.us.PIN, "rsaPadding": "oaep_sha1",
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	b.client = b.process(t)
	return b
}

// process is another process of the connector.
func (b *bench) process(t testing.TB) connectorpb.ConnectorClient {
	t.Helper()
	c := newConnector()
	c.now = b.now
	return sdktest.NewClient(t, c)
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "airtel", "RW", "RWF"
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

// asked is how often Airtel was asked for an operation.
func (b *bench) asked(operation string) int64 { return b.net.Counters().Requests["airtel."+operation] }

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
	return &connectorpb.Connection{Id: "con_1", Version: b.version, Environment: b.environment, Settings: raw, Credential: b.credential}
}

func (b *bench) call(t testing.TB, operation string, parameters any) *connectorpb.InvokeResponse {
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
	return answer
}

func (b *bench) invoke(t testing.TB, operation string, parameters any) (string, *connectorpb.Error) {
	t.Helper()
	answer := b.call(t, operation, parameters)
	return string(answer.GetResult()), answer.GetError()
}

// keep stores a credential as the engine does: under a new version, unless
// somebody else was first.
func (b *bench) keep(u *connectorpb.CredentialUpdate) bool {
	if u == nil || u.GetBasedOnVersion() != b.version {
		return false
	}
	b.credential = u.GetCredential()
	b.version++
	return true
}

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

// pays is what a payment answers, valid against its schema.
func (b *bench) pays(t testing.TB, operation string, parameters any, want schemas.PaymentStatus) schemas.PaymentOutput {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	var out schemas.PaymentOutput
	b.read(t, operation, got, failure, &out)
	if out.Status != want {
		t.Fatalf("%s answered %s, want %s", operation, got, want)
	}
	return out
}

// find is a look-up's answer, valid against its schema.
func (b *bench) find(t testing.TB, operation, reference string) schemas.PaymentLookupOutput {
	t.Helper()
	got, failure := b.invoke(t, schemas.OpPaymentLookup, lookup(operation, reference))
	var out schemas.PaymentLookupOutput
	b.read(t, schemas.OpPaymentLookup, got, failure, &out)
	return out
}

func (b *bench) read(t testing.TB, operation, got string, failure *connectorpb.Error, into any) {
	t.Helper()
	if failure != nil {
		t.Fatalf("%s: %v", operation, failure)
	}
	if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
		t.Fatalf("%s answered %s: %v", operation, got, err)
	}
	if err := json.Unmarshal([]byte(got), into); err != nil {
		t.Fatal(err)
	}
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/oauth2/token" {
			_, _ = w.Write([]byte(`{"token_type":"bearer","access_token":"token-of-a-stranger","expires_in":"180"}`))
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
