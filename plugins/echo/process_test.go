package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	hclog "github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/plugins/echo/simulator"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// lockedBuffer is written by the process's reader and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestTheConnectorRunsAsAProcess starts the connector as an engine does: another
// process, an empty environment, mutual TLS.
func TestTheConnectorRunsAsAProcess(t *testing.T) {
	registry := simulator.New(simulator.Options{APIKey: apiKey})
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	stderr := new(lockedBuffer)
	process := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		Plugins:          sdk.PluginSet(nil),
		Cmd:              exec.Command(os.Args[0]),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		Stderr:           stderr,
	})
	t.Cleanup(process.Kill)
	wire, err := process.Client()
	if err != nil {
		t.Fatalf("start: %v\n%s", err, stderr)
	}
	dispensed, err := wire.Dispense(sdk.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		client: dispensed.(connectorpb.ConnectorClient), registry: registry,
		connection: connectionWith(t, settings{BaseURL: server.URL, APIKey: apiKey}),
	}
	described, err := b.client.Describe(t.Context(), &connectorpb.DescribeRequest{})
	if err != nil || !bytes.Equal(described.Manifest, manifest) {
		t.Fatalf("describe: %v", err)
	}
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"not_found"}`)
	if _, failure := b.invoke(t, "invoice.sign", irnOnly); failure != nil {
		t.Fatal(failure)
	}
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"found_final"}`)
	process.Kill()
	if !process.Exited() {
		t.Error("the process did not end")
	}
	if strings.Contains(stderr.String(), apiKey) {
		t.Errorf("the log shows the key:\n%s", stderr)
	}
}
