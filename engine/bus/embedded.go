package bus

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// embedded is a Redis-protocol server in this process, on a loopback port of
// its own with a password of its own: other users of the machine cannot use it.
type embedded struct {
	server   *miniredis.Miniredis
	password string
}

func startEmbedded() (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), password: randomID()}
	e.server.RequireAuth(e.password)
	if err := e.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start embedded redis: %w", err)
	}
	return e, nil
}

func (e *embedded) url() string { return "redis://:" + e.password + "@" + e.server.Addr() }

func (e *embedded) close() { e.server.Close() }
