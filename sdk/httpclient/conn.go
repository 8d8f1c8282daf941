package httpclient

import (
	"net"
	"sync"
)

// conn asks for leave at the first byte of each request with an effect. It sits
// above TLS, where the bytes are the request's own.
type conn struct {
	net.Conn

	mu     sync.Mutex
	effect *leave // the request with an effect that is on this connection
	asked  bool   // it was asked for already
	broken error
}

func bind(c net.Conn, l *leave) {
	guarded, ok := c.(*conn)
	if !ok {
		_ = c.Close()
		return
	}
	guarded.mu.Lock()
	defer guarded.mu.Unlock()
	guarded.effect, guarded.asked = l, false
}

func (c *conn) Write(p []byte) (int, error) {
	l, err := c.ask()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if l != nil {
		l.trail.passed(p[:n])
	}
	return n, err
}

func (c *conn) ask() (*leave, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil && c.effect != nil && !c.asked {
		c.asked, c.broken = true, c.effect.ask()
	}
	return c.effect, c.broken
}
