package callback

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// dialFunc opens a connection to host:port.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects to addresses that the guard allows under p. A name of this
// machine leads to this machine only, whatever a resolver makes of it: it may
// have been let through for its name.
func (g *Guard) dial(resolver *net.Resolver, p Policy) dialFunc {
	anywhere := dialer(resolver, func(a netip.Addr) error { return g.checkAddr(a, p) })
	here := dialer(resolver, func(a netip.Addr) error { return g.checkHere(a, p) })
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err == nil && isLocalName(host) {
			return here(ctx, network, address)
		}
		return anywhere(ctx, network, address)
	}
}

// dialer asks check about the very address that is about to be connected to.
func dialer(resolver *net.Resolver, check func(netip.Addr) error) dialFunc {
	d := &net.Dialer{
		Timeout:  30 * time.Second, // the request's own deadline is shorter
		Resolver: resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return blocked("address", "the address cannot be judged", "use a host name")
			}
			return check(to.Addr())
		},
	}
	return d.DialContext
}

func (g *Guard) checkHere(a netip.Addr, p Policy) error {
	if !a.Unmap().IsLoopback() {
		err := blocked("reserved_address", "the host is called like this machine and is another one", "use its own name")
		err.Address = a
		return err
	}
	return g.checkAddr(a, p)
}

// isLocalName: these names mean this machine (RFC 6761, 6.3).
func isLocalName(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// isLocalHost: the names and literal addresses of this machine.
func isLocalHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return isLocalName(host) || err == nil && a.Unmap().IsLoopback()
}
