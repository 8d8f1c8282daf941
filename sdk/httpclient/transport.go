package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

const dialTimeout = 10 * time.Second

// newTransport speaks HTTP/1.1 over guarded connections: one request at a time
// on each, so that the first byte after a request got its connection is its
// own. It uses no proxy, which would put TLS above the guard.
func newTransport(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	secure := tlsConfig(o.TLS)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return guard(dialer.DialContext(ctx, network, address))
		},
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return guard(handshake(ctx, raw, secure, address))
		},
		MaxConnsPerHost:        o.MaxConnections,
		MaxIdleConnsPerHost:    o.MaxConnections,
		IdleConnTimeout:        o.IdleTimeout,
		WriteBufferSize:        16 << 10, // a usual request leaves in one write
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

// tlsConfig is shared by all connections, and with it the session cache.
func tlsConfig(given *tls.Config) *tls.Config {
	c := given.Clone()
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	c.NextProtos = []string{"http/1.1"}
	return c
}

func handshake(ctx context.Context, raw net.Conn, shared *tls.Config, address string) (net.Conn, error) {
	c := shared.Clone()
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		c.ServerName = host
	}
	secured := tls.Client(raw, c)
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return secured, nil
}
