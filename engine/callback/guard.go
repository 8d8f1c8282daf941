package callback

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Policy is what one environment's callbacks may do beyond the default: https
// to public addresses.
type Policy struct {
	AllowHTTP bool
	// AllowLoopback opens this machine, for development; under its own names and
	// addresses also beyond the list.
	AllowLoopback bool
	// Allowlist narrows where callbacks may go; nil narrows nothing, an empty
	// list lets nothing through.
	Allowlist *Allowlist
}

// listed reports whether the policy's list has the URL or need not have it.
func (p Policy) listed(u *url.URL) bool {
	return p.Allowlist == nil || p.Allowlist.allows(u) || p.AllowLoopback && isLocalHost(u.Hostname())
}

// GuardConfig wires a Guard.
type GuardConfig struct {
	// CIDRs are reserved networks that callbacks of every environment may reach
	// all the same. Link-local networks and cloud metadata stay closed.
	CIDRs []string
	// RootCAs are the authorities that receivers' certificates may come from;
	// nil for the system's.
	RootCAs *x509.CertPool
	// Resolver looks names up; nil for the system's.
	Resolver *net.Resolver
}

// Guard decides which addresses a user may make the engine call. The address
// that counts is the one that is dialled, so a name cannot change its mind
// between check and use. It is safe for concurrent use.
type Guard struct {
	ranges ranges
	open   []netip.Prefix
	// Connections are pooled by host name, so a connection that one policy
	// opened must not be found by another: each has a transport of its own.
	normal, loopback *http.Transport
}

// NewGuard checks cfg. The caller ends a Guard with Close.
func NewGuard(cfg GuardConfig) (*Guard, error) {
	ranges, err := newRanges()
	if err != nil {
		return nil, fmt.Errorf("callback guard: %w", err)
	}
	open, err := parsePrefixes(cfg.CIDRs)
	if err != nil {
		return nil, fmt.Errorf("callback guard: allowed networks: %w", err)
	}
	g := &Guard{ranges: ranges, open: open}
	g.normal = g.transport(cfg, Policy{})
	g.loopback = g.transport(cfg, Policy{AllowLoopback: true})
	return g, nil
}

// Transport is the guarded way out under a policy: it dials allowed addresses
// only, uses no proxy and keeps connections for a while. Whoever uses it
// without Sender must call Check first and must not follow redirects.
func (g *Guard) Transport(p Policy) *http.Transport {
	if p.AllowLoopback {
		return g.loopback
	}
	return g.normal
}

// Close closes idle connections; those in use close when they are done.
func (g *Guard) Close() {
	g.normal.CloseIdleConnections()
	g.loopback.CloseIdleConnections()
}

func (g *Guard) transport(cfg GuardConfig, p Policy) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // a proxy would dial in our place, unguarded
		DialContext:            g.dial(cfg.Resolver, p),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout:    30 * time.Second,
		DisableCompression:     true, // a small answer must not unpack into a large one
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 32 << 10,
	}
}

func (g *Guard) checkAddr(a netip.Addr, p Policy) error {
	if g.allowed(a, p) {
		return nil
	}
	err := blocked("reserved_address", "the host's address is not on the public internet",
		"use a public host, or let the operator open its network (callback-allow-cidrs)")
	err.Address = a
	return err
}

func (g *Guard) allowed(a netip.Addr, p Policy) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if v4, ok := g.ranges.embedded(a); ok {
		return contains(g.open, a) && g.allowed(v4, Policy{})
	}
	switch g.ranges.judge(a) {
	case public:
		return true
	case internal:
		return contains(g.open, a) || p.AllowLoopback && a.IsLoopback()
	}
	return false
}

func parsePrefixes(list []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, len(list))
	for i, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil || p != p.Masked() || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is not a network: write address/bits with the host bits zero, e.g. 10.20.0.0/16", text)
		}
		prefixes[i] = p
	}
	return prefixes, nil
}
