package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/sdktest"
)

// TestMain makes this binary a connector when a test starts it as one.
func TestMain(m *testing.M) {
	if mode := os.Getenv("PROBE_MODE"); mode != "" {
		probeMain(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

const probeManifest = `{
  "name": "probe", "version": "1.0.0", "title": "Probe", "protocolVersion": 1, "capabilities": ["invoice"],
  "settings": {"type": "object", "properties": {
    "url": {"type": "string"},
    "password": {"type": "string", "x-afara-secret": true},
    "nested": {"type": "object", "properties": {"keys": {"type": "array", "items": {"$ref": "#/$defs/key"}}}}
  }, "$defs": {"key": {"type": "string", "x-afara-secret": true}}},
  "operations": [
    {"name": "invoice.sign", "title": "Sign", "effect": "keyed", "deadline": "30s", "settlesAfter": "30s", "lookup": "invoice.lookup"},
    {"name": "invoice.lookup", "title": "Look up", "effect": "none", "deadline": "30s"},
    {"name": "probe.run", "title": "Run", "effect": "none", "deadline": "30s", "input": {"type": "object"}, "output": {"type": "object"}}
  ]
}`

// probe is a connector whose handlers the test gives.
type probe struct {
	manifest string
	sign     func(context.Context, *sdk.Call) error
	run      sdk.Handler
	check    func(context.Context, *sdk.Connection) error
}

func (p probe) Manifest() []byte {
	if p.manifest != "" {
		return []byte(p.manifest)
	}
	return []byte(probeManifest)
}

func (p probe) SignInvoice(ctx context.Context, call *sdk.Call, _ schemas.SignInput) (schemas.SignOutput, error) {
	return schemas.SignOutput{}, p.sign(ctx, call)
}

func (p probe) LookupInvoice(context.Context, *sdk.Call, schemas.LookupInput) (schemas.LookupOutput, error) {
	return schemas.LookupOutput{Result: schemas.LookupNotFound}, nil
}

func (p probe) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{"probe.run": func(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
		return p.run(ctx, call)
	}}
}

func (p probe) Check(ctx context.Context, c *sdk.Connection) error {
	if p.check == nil {
		return nil
	}
	return p.check(ctx, c)
}

// engine is the engine's end of the wire to a probe.
type engine struct {
	connectorpb.ConnectorClient
	log *buffer
}

func start(t *testing.T, p probe, opts ...sdk.Option) engine {
	t.Helper()
	log := new(buffer)
	return engine{sdktest.NewClient(t, p, append([]sdk.Option{sdk.WithLogOutput(log)}, opts...)...), log}
}

func connection(version int64, settings string) *connectorpb.Connection {
	return &connectorpb.Connection{Id: "con_1", Version: version, Environment: "sandbox", Settings: []byte(settings)}
}

func (e engine) invoke(t *testing.T, operation string, change ...func(*connectorpb.InvokeRequest)) *connectorpb.InvokeResponse {
	t.Helper()
	in := &connectorpb.InvokeRequest{Connection: connection(1, "{}"), Operation: operation, MessageId: "msg_1", Parameters: []byte(`{"irn":"X"}`)}
	for _, f := range change {
		f(in)
	}
	answer, err := e.Invoke(t.Context(), in)
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	return answer
}

func wantError(t *testing.T, got *connectorpb.Error, class connectorpb.Class, code string) {
	t.Helper()
	if got.GetClass() != class || got.GetCode() != code {
		t.Fatalf("got %v, want %s %s", got, class, code)
	}
}

// buffer takes what is written by many goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) lines() []string {
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}
