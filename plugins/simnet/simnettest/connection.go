package simnettest

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/sdktest"
)

// Connection is an engine's end of a connector, with the connection that it
// keeps. Calls may run at the same time.
type Connection struct {
	Client      connectorpb.ConnectorClient
	Environment string
	Version     int64
	Settings    map[string]any
	Credential  []byte
	// State is what the last call of an operation left, for the next.
	State []byte
	// Keeps says that Invoke stores the credential that a call leaves, as an
	// engine does.
	Keeps bool

	mu sync.Mutex
}

// Connect connects the sandbox to a connector.
func Connect(t testing.TB, c sdk.Describer, settings map[string]any) *Connection {
	t.Helper()
	return &Connection{Client: sdktest.NewClient(t, c), Environment: "sandbox", Version: 1, Settings: settings}
}

// Set changes a setting, nil takes it out; the connection is a new version from
// then on.
func (c *Connection) Set(name string, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Settings[name] = value
	if value == nil {
		delete(c.Settings, name)
	}
	c.Version++
}

// Wire is the connection as it goes with a call.
func (c *Connection) Wire(t testing.TB) *connectorpb.Connection {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	raw, err := json.Marshal(c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: c.Version, Environment: c.Environment, Settings: raw, Credential: c.Credential}
}

// Call calls an operation with the state that the last call left.
func (c *Connection) Call(t testing.TB, operation string, parameters any) *connectorpb.InvokeResponse {
	t.Helper()
	in, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: c.Wire(t), Operation: operation, Key: "key-1", MessageId: "msg_1", Parameters: in, State: c.left(nil),
	})
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	c.left(answer.GetState())
	return answer
}

// left keeps what a call left, as an engine does, and gives what is kept.
func (c *Connection) left(state []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(state) > 0 {
		c.State = state
	}
	return c.State
}

// Forget drops the state that calls have left.
func (c *Connection) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.State = nil
}

// Keep stores a credential as the engine does: under a new version, unless
// somebody else was first.
func (c *Connection) Keep(u *connectorpb.CredentialUpdate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u == nil || u.GetBasedOnVersion() != c.Version {
		return false
	}
	c.Credential = u.GetCredential()
	c.Version++
	return true
}

// Invoke calls an operation and gives its result.
func (c *Connection) Invoke(t testing.TB, operation string, parameters any) (string, *connectorpb.Error) {
	t.Helper()
	answer := c.Call(t, operation, parameters)
	if c.Keeps {
		c.Keep(answer.GetCredentialUpdate())
	}
	return string(answer.GetResult()), answer.GetError()
}

// Check tests the connection; nil when it passes.
func (c *Connection) Check(t testing.TB) *connectorpb.Error {
	t.Helper()
	answer, err := c.Client.Check(t.Context(), &connectorpb.CheckRequest{Connection: c.Wire(t)})
	if err != nil || answer.GetConnectionUnknown() {
		t.Fatalf("check: %v, %v", answer, err)
	}
	return answer.GetError()
}

// Handle hands a push of the operator's on, as the engine does.
func (c *Connection) Handle(t testing.TB, in *connectorpb.HandleWebhookRequest) *connectorpb.HandleWebhookResponse {
	t.Helper()
	in.Connection = c.Wire(t)
	out, err := c.Client.HandleWebhook(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
