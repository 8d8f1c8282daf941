// Package sdktest owns the tools to test a connector: the connector in the test's
// own process, called over the real wire contract.
package sdktest

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// NewClient serves c in this process and gives the engine's end of the wire. It
// fails the test where Serve would refuse to start. All of it ends with the
// test. Log lines go to the test's log unless opts say otherwise.
func NewClient(t testing.TB, c sdk.Describer, opts ...sdk.Option) connectorpb.ConnectorClient {
	t.Helper()
	impl, err := sdk.NewServer(c, append([]sdk.Option{sdk.WithLogOutput(t.Output())}, opts...)...)
	if err != nil {
		t.Fatalf("serve connector: %v", err)
	}
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(sdk.MaxMessageBytes))
	connectorpb.RegisterConnectorServer(server, impl)
	served := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) {
			err = nil // a test that calls nothing may end before this begins
		}
		served <- err
	}()
	conn, err := grpc.NewClient("passthrough:connector",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		server.Stop()
		if err := errors.Join(conn.Close(), <-served); err != nil {
			t.Errorf("end connector: %v", err)
		}
	})
	return connectorpb.NewConnectorClient(conn)
}
