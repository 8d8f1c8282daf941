package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk/internal/began"
)

// noDeadline is the zero time: a request may always start.
var noDeadline time.Time

// leave is what one request asks for at its first byte. Each connection that
// would carry the request asks again, so a repeat by net/http is refused: the
// tracker gives leave once.
type leave struct {
	tracker *began.Tracker
	changes bool

	mu  sync.Mutex
	err error // why leave was refused
}

// trace binds the request to the connection that it gets.
func (l *leave) trace() *httptrace.ClientTrace {
	t := &httptrace.ClientTrace{}
	if !l.changes {
		t.GotConn = func(info httptrace.GotConnInfo) { bind(info.Conn, nil) }
		return t
	}
	t.GotConn = func(info httptrace.GotConnInfo) { bind(info.Conn, l) }
	if l.tracker.Effect() {
		t.WroteRequest = requestWritten
	}
	return t
}

// ask is the last step before the first byte.
func (l *leave) ask() error {
	err := l.tracker.Begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	return err
}

// refused gives why no byte left, when that is why the request failed.
func (l *leave) refused() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// conn asks for leave at the first byte of each request with an effect. It sits
// above TLS, where the bytes are the request's own.
type conn struct {
	net.Conn

	mu     sync.Mutex
	waits  *leave // the request that has yet to write its first byte
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
	guarded.waits = l
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.asked(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *conn) asked() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil && c.waits != nil {
		c.broken = c.waits.ask()
		c.waits = nil
	}
	return c.broken
}

// newTransport speaks HTTP/1.1 over guarded connections: one request at a time
// on each, so that the first byte after a request got its connection is its
// own. It uses no proxy, which would put TLS above the guard.
func newTransport(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return guard(dialer.DialContext(ctx, network, address))
		},
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return guard(handshake(ctx, raw, o.TLS, address))
		},
		MaxConnsPerHost:        o.MaxConnections,
		MaxIdleConnsPerHost:    o.MaxConnections,
		IdleConnTimeout:        o.IdleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // a cap on what is read must be a cap on what it becomes
	}
}

func guard(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

func handshake(ctx context.Context, raw net.Conn, config *tls.Config, address string) (net.Conn, error) {
	c := config.Clone()
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		c.ServerName = host
	}
	c.NextProtos = []string{"http/1.1"}
	secured := tls.Client(raw, c)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return secured, nil
}
