package sdk

import (
	"context"

	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	// ProtocolVersion is the version of the wire contract. It rises only with a
	// change that an older engine cannot read.
	ProtocolVersion = 1

	// PluginName is the name under which a process offers its connector.
	PluginName = "connector"

	// MaxMessageBytes is the largest message a connector takes, in bytes.
	MaxMessageBytes = 16 << 20

	// MaxStateBytes is the largest state a call may leave, in bytes.
	MaxStateBytes = 16 << 10

	// MaxVendorAnswerBytes is how much of a vendor's answer an error keeps.
	MaxVendorAnswerBytes = 16 << 10

	cookieKey   = "AFARA_PLUGIN"
	cookieValue = "afara-connector-v1"
)

// Handshake is what the engine and a connector agree on before they talk. The
// cookie in it keeps a person from starting a connector by hand; it protects
// nothing.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion:  ProtocolVersion,
		MagicCookieKey:   cookieKey,
		MagicCookieValue: cookieValue,
	}
}

// PluginSet is the set of plugins of ProtocolVersion: one, the connector. The
// engine passes nil and gets a connectorpb.ConnectorClient from Dispense.
func PluginSet(impl connectorpb.ConnectorServer) plugin.PluginSet {
	return plugin.PluginSet{PluginName: &connectorPlugin{impl: impl}}
}

type connectorPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	impl connectorpb.ConnectorServer
}

var _ plugin.GRPCPlugin = (*connectorPlugin)(nil)

func (p *connectorPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	connectorpb.RegisterConnectorServer(s, p.impl)
	return nil
}

func (p *connectorPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return connectorpb.NewConnectorClient(c), nil
}
