package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	hclog "github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// TestTheConnectorRunsAsAProcess starts the connector as an engine does: another
// process, an empty environment, mutual TLS.
func TestTheConnectorRunsAsAProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
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
	b.client = dispensed.(connectorpb.ConnectorClient)
	described, err := b.client.Describe(t.Context(), &connectorpb.DescribeRequest{})
	if err != nil || !bytes.Equal(described.GetManifest(), manifest) {
		t.Fatalf("describe: %v", err)
	}
	if failure := b.check(t); failure != nil {
		t.Fatal(failure)
	}
	b.want(t, schemas.OpPaymentCollect, payment(), pending)
	b.want(t, "mtn.answer_prompt", map[string]string{"operatorReference": reference, "answer": "refuse"}, `{"status":"USER_CANCELLED"}`)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentUserCancelled {
		t.Errorf("%+v", found)
	}
}
