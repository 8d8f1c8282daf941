package bus

import (
	"context"
	"fmt"
	"net"

	"github.com/alicebob/miniredis/v2"
	"google.golang.org/grpc/test/bufconn"
)

// embedded is a Redis-protocol server in this process. It has no port: its
// connections are buffers in memory, which nobody else can reach and which cost
// a third of the loopback's system calls.
type embedded struct {
	server   *miniredis.Miniredis
	listener *bufconn.Listener
}

// connBuffer is the buffer of each direction of a connection. It must hold all
// answers to one pipeline: the client reads none before it has sent all.
const connBuffer = 64 << 10

func startEmbedded() (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), listener: bufconn.Listen(connBuffer)}
	// Its first Dial starts the server without a port.
	first, err := e.server.Dial()
	if err != nil {
		return nil, fmt.Errorf("start embedded redis: %w", err)
	}
	_ = first.Close()
	go e.serve()
	return e, nil
}

func (e *embedded) serve() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		e.server.Server().ServeConn(conn)
	}
}

func (e *embedded) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return e.listener.DialContext(ctx)
}

func (e *embedded) close() {
	_ = e.listener.Close()
	e.server.Close()
}
