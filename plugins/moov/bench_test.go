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

	"github.com/afara-dev/afara/plugins/moov/simulator"
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
	ada       = "+2290195123456"
	reference = "6078A81EA1141E131A14"
	other     = "0F1A2B3C4D5E6F708192"
)

// bench is a connector, the Moov it talks to, and the connection between. The
// network of SIMs has the bench's clock.
type bench struct {
	client      connectorpb.ConnectorClient
	moov        *simulator.Simulator
	net         *simnet.Network
	url         string
	us          simulator.Account
	settings    map[string]any
	version     int64
	environment string

	mu    sync.Mutex
	at    time.Time
	state []byte // what the last call of an operation left, for the next
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

// setup has a Moov whose payments take no time, but for those that ask a payer.
func setup(t testing.TB) *bench {
	return setupAs(t, dialectSOAP, simulator.Settings{}, simnet.Settings{NoWait: true})
}

func setupAs(t testing.TB, dialect string, moov simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{version: 1, environment: "sandbox", at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now, Settings: network})
	var err error
	if b.moov, err = simulator.New(simulator.Options{Network: b.net, Settings: moov}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.moov)
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.url = server.URL
	if b.us, err = b.moov.Provision("BJ"); err != nil {
		t.Fatal(err)
	}
	b.settings = map[string]any{
		"dialect": dialect, "baseUrl": b.url, "country": "BJ", "username": b.us.Username, "password": b.us.Password,
		"encryptionKey": b.us.EncryptionKey, "merchantNumber": b.us.MerchantNumber, "partnerId": b.us.PartnerID,
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	c := newConnector()
	c.now = b.now
	b.client = sdktest.NewClient(t, c)
	return b
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "moov", "BJ", "XOF"
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

// invoke calls an operation with the state that the last call left.
func (b *bench) invoke(t testing.TB, operation string, parameters any) (string, *connectorpb.Error) {
	t.Helper()
	in, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.connection(t), Operation: operation, Key: "key-1", MessageId: "msg_1", Parameters: in, State: b.left(nil),
	})
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	b.left(answer.GetState())
	return string(answer.GetResult()), answer.GetError()
}

// left keeps what a call left, as an engine does, and gives what is kept.
func (b *bench) left(state []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(state) > 0 {
		b.state = state
	}
	return b.state
}

// forget drops what calls have left.
func (b *bench) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = nil
}

// want holds a result.
func (b *bench) want(t testing.TB, operation string, parameters any, result string) {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure != nil || got != result {
		t.Fatalf("%s answered %s, %v; want %s", operation, got, failure, result)
	}
}

// pay moves money and gives the answer, valid against its schema.
func (b *bench) pay(t testing.TB, operation string, parameters any, status schemas.PaymentStatus) schemas.PaymentOutput {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure != nil {
		t.Fatalf("%s: %v", operation, failure)
	}
	if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
		t.Fatalf("%s answered %s: %v", operation, got, err)
	}
	var out schemas.PaymentOutput
	if err := json.Unmarshal([]byte(got), &out); err != nil || out.Status != status {
		t.Fatalf("%s answered %s, %v; want %s", operation, got, err, status)
	}
	return out
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
func (b *bench) find(t testing.TB, operation string) schemas.PaymentLookupOutput {
	t.Helper()
	got, failure := b.invoke(t, schemas.OpPaymentLookup, lookup(operation))
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

func (b *bench) balance(t testing.TB) int64 {
	t.Helper()
	sim, err := b.net.SIM("moov", ada)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Balance
}

func payment() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "BJ", MSISDN: ada,
		Reference: "ORDER-1", Description: "Two beers",
	}
}

func refund(amount int64) schemas.PaymentRefundInput {
	in := schemas.PaymentRefundInput{PaymentInput: payment(), Original: schemas.PaymentOriginal{OperatorReference: reference, Amount: 500}}
	in.OperatorReference, in.Amount = other, amount
	return in
}

func lookup(operation string) schemas.PaymentLookupInput {
	return schemas.PaymentLookupInput{
		Operation: operation, OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "BJ", MSISDN: ada,
	}
}

// answering serves one answer on every path, for what the stand-in does not say.
func answering(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// said is an answer to a SOAP operation.
func said(operation, members string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><ns2:` + operation + `Response xmlns:ns2="http://api.merchant.tlc.com/"><return>` +
		members + `</return></ns2:` + operation + `Response></S:Body></S:Envelope>`
}
