package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/firs/simulator"
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
	number    = "INV-25/217.122312346 Q42FME"
	key       = "INV25217122312346Q42FME"
	issueDate = "2026-11-23"
)

// provisioned makes the businesses of all tests once: their keys take time.
var provisioned = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "firs")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	keys, err := simulator.OpenKeyFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, err
	}
	s := simulator.New(simulator.Options{Keys: keys})
	if _, err = s.Provision(simulator.Provision{Name: "Ada Foods", TIN: "15631438-0242"}); err != nil {
		return nil, err
	}
	if _, err = s.Provision(simulator.Provision{Name: "Bola Exchange", TIN: "20198222-0002", APPKeys: true}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "keys.json"))
})

// bench is a connector, the authority it talks to, and the connection between.
type bench struct {
	client    connectorpb.ConnectorClient
	authority *simulator.Simulator
	url       string
	business  simulator.Business
	settings  map[string]any
	version   int64
	irn       string
}

func setup(t *testing.T) *bench { return setupAs(t, "15631438-0242", simulator.Options{}) }

func setupAs(t *testing.T, tin string, o simulator.Options) *bench {
	t.Helper()
	raw, err := provisioned()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Keys, err = simulator.OpenKeyFile(path); err != nil {
		t.Fatal(err)
	}
	o.Strict = true
	b := &bench{authority: simulator.New(o), version: 1}
	server := httptest.NewServer(b.authority)
	t.Cleanup(func() {
		_ = b.authority.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.url = server.URL
	if b.business, err = b.authority.Provision(simulator.Provision{TIN: tin}); err != nil {
		t.Fatal(err)
	}
	b.settings = settingsOf(b.business, b.url)
	b.irn = key + "-" + b.business.ServiceID + "-" + strings.ReplaceAll(issueDate, "-", "")
	b.client = sdktest.NewClient(t, newConnector())
	return b
}

func settingsOf(b simulator.Business, url string) map[string]any {
	return map[string]any{
		"baseUrl": url, "apiKey": b.APIKey, "apiSecret": b.APISecret,
		"businessId": b.BusinessID, "entityId": b.EntityID, "irnTemplate": b.IRNTemplate,
		"publicKey": b.PublicKey, "certificate": b.Certificate,
		"supplier": map[string]any{"party_name": b.Name, "tin": b.TIN, "email": b.Email},
	}
}

// set changes a setting; the connection is a new version from then on.
func (b *bench) set(name string, value any) {
	b.settings[name] = value
	b.version++
}

func (b *bench) connection(t *testing.T) *connectorpb.Connection {
	t.Helper()
	raw, err := json.Marshal(b.settings)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: b.version, Environment: "sandbox", Settings: raw}
}

// document is the sample invoice, changed at a path such as
// "legal_monetary_total.payable_amount" or "invoice_line.0.hsn_code"; a nil
// value takes the member out.
func document(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	var doc any
	if err := json.Unmarshal(schemas.Sample(number, issueDate), &doc); err != nil {
		t.Fatal(err)
	}
	for path, value := range changes {
		change(t, doc, strings.Split(path, "."), value)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func change(t *testing.T, at any, path []string, value any) {
	t.Helper()
	switch v := at.(type) {
	case map[string]any:
		switch {
		case len(path) > 1:
			change(t, v[path[0]], path[1:], value)
		case value == nil:
			delete(v, path[0])
		default:
			v[path[0]] = value
		}
	case []any:
		change(t, v[path[0][0]-'0'], path[1:], value)
	default:
		t.Fatalf("the sample has no %v", path)
	}
}

// call is what one Invoke is made of beyond the operation.
type call struct {
	changes map[string]any
	state   []byte
	after   *[]byte // takes the answer's state
}

func (b *bench) request(t *testing.T, operation string, parameters any, c call) *connectorpb.InvokeRequest {
	t.Helper()
	body := document(t, c.changes)
	digest := schemas.DigestOf(body)
	in, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.InvokeRequest{
		Connection: b.connection(t), Operation: operation, Key: "key-1", MessageId: "msg_1", State: c.state,
		Document:   &connectorpb.Document{Schema: string(schemas.InvoiceV1), Digest: digest[:], Body: body},
		Parameters: in,
	}
}

func (b *bench) invoke(t *testing.T, operation string, parameters any, c call) (string, *connectorpb.Error) {
	t.Helper()
	answer, err := b.client.Invoke(t.Context(), b.request(t, operation, parameters, c))
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	if c.after != nil {
		*c.after = answer.GetState()
	}
	return string(answer.GetResult()), answer.GetError()
}

func (b *bench) want(t *testing.T, operation string, parameters any, result string) {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters, call{})
	if failure != nil {
		t.Fatalf("%s: %v", operation, failure)
	}
	if result != "" && got != result {
		t.Fatalf("%s answered %s, want %s", operation, got, result)
	}
	if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
}

func (b *bench) wantError(t *testing.T, operation string, parameters any, c call, class connectorpb.Class, code string) *connectorpb.Error {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters, c)
	if failure == nil {
		t.Fatalf("%s answered %s, want %s %s", operation, got, class, code)
	}
	if failure.Class != class || failure.Code != code {
		t.Fatalf("%s failed with %v, want %s %s", operation, failure, class, code)
	}
	return failure
}

// about is the input of the operations that take an IRN alone.
func (b *bench) about() map[string]string { return map[string]string{"irn": b.irn} }

// lookup is the input of a look-up of the sample invoice.
func (b *bench) lookup(t *testing.T, operation string) schemas.LookupInput {
	t.Helper()
	var sample schemas.Invoice
	if err := json.Unmarshal(document(t, nil), &sample); err != nil {
		t.Fatal(err)
	}
	return schemas.LookupInput{
		Operation: operation, IRN: b.irn, IssueDate: sample.IssueDate,
		Total: schemas.LookupTotal{
			Payable: sample.LegalMonetaryTotal.PayableAmount, TaxExclusive: sample.LegalMonetaryTotal.TaxExclusiveAmount,
			Currency: sample.DocumentCurrencyCode,
		},
	}
}

func (b *bench) inject(t *testing.T, f simulator.Fault) {
	t.Helper()
	if err := b.authority.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// check tests the connection; the class is 0 when it passes.
func (b *bench) check(t *testing.T) *connectorpb.Error {
	t.Helper()
	answer, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection(t)})
	if err != nil || answer.GetConnectionUnknown() {
		t.Fatalf("check: %v, %v", answer, err)
	}
	return answer.GetError()
}

// eventually waits until done says so.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(5 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// answering serves one answer on every path, for what the authority's stand-in
// does not say.
func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
