package simnettest

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	hclog "github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Start starts the test's own binary as the connector, as an engine does:
// another process, an empty environment, mutual TLS. It has to tell the manifest
// and pass the connection's test; calls go to it from then on.
func (c *Connection) Start(t testing.TB, manifest []byte) {
	t.Helper()
	process := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		Plugins:          sdk.PluginSet(nil),
		Cmd:              exec.Command(os.Args[0]),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
	})
	t.Cleanup(process.Kill)
	wire, err := process.Client()
	if err != nil {
		t.Fatal(err)
	}
	dispensed, err := wire.Dispense(sdk.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	c.Client = dispensed.(connectorpb.ConnectorClient)
	described, err := c.Client.Describe(t.Context(), &connectorpb.DescribeRequest{})
	if err != nil || !bytes.Equal(described.GetManifest(), manifest) {
		t.Fatalf("describe: %v", err)
	}
	if failure := c.Check(t); failure != nil {
		t.Fatal(failure)
	}
}
