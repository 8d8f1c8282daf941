package callback_test

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

func TestNameIsJudgedByTheAddressThatIsDialled(t *testing.T) {
	t.Parallel()
	var reached int
	server := receiver(t, func(http.ResponseWriter, *http.Request) { reached++ })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, address := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254"} {
		g := guard(t, callback.GuardConfig{Resolver: nameServer(t, netip.MustParseAddr(address))})
		result := send(t, g, callback.Request{URL: "http://rebind.example:" + port + "/", Policy: callback.Policy{AllowHTTP: true}})
		if result.Class != callback.ClassBlocked || rule(result.Cause) != "reserved_address" {
			t.Errorf("%s: %+v", address, result)
		}
		var b *callback.BlockedError
		if !errors.As(result.Cause, &b) || b.Address.String() != address {
			t.Errorf("the log does not learn the address: %v", result.Cause)
		}
	}
	if reached != 0 {
		t.Errorf("%d requests arrived", reached)
	}
	// The same name under a policy that opens loopback proves that the look-up
	// was the only thing in the way.
	g := guard(t, callback.GuardConfig{Resolver: nameServer(t, netip.MustParseAddr("127.0.0.1"))})
	result := send(t, g, callback.Request{URL: "http://rebind.example:" + port + "/", Policy: local()})
	if result.Class != callback.ClassDelivered || reached != 1 {
		t.Errorf("%+v, %d arrived", result, reached)
	}
}

func TestConnectionOfOnePolicyIsNotFoundByAnother(t *testing.T) {
	t.Parallel()
	server := receiver(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	g := guard(t, callback.GuardConfig{Resolver: nameServer(t, netip.MustParseAddr("127.0.0.1"))})
	url := "http://rebind.example:" + port + "/"
	if r := send(t, g, callback.Request{URL: url, Policy: local()}); r.Class != callback.ClassDelivered {
		t.Fatalf("%+v", r)
	}
	// An idle connection to this host and port is now open.
	if r := send(t, g, callback.Request{URL: url, Policy: callback.Policy{AllowHTTP: true}}); r.Class != callback.ClassBlocked {
		t.Errorf("%+v", r)
	}
}

func TestNameThatTurnsFromPublicToPrivateIsCaught(t *testing.T) {
	t.Parallel()
	var reached, turned atomic.Int64
	server := receiver(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := fickleNameServer(t, func() []netip.Addr {
		if turned.Load() == 0 {
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	})
	g := guard(t, callback.GuardConfig{Resolver: resolver})
	request := callback.Request{URL: "http://rebind.example:" + port + "/", Policy: callback.Policy{AllowHTTP: true}}
	// Whoever looks now sees a public address and a URL that is in order.
	seen, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example")
	if err != nil || len(seen) != 1 || seen[0].Unmap().String() != "8.8.8.8" || g.Check(request.URL, request.Policy) != nil {
		t.Fatalf("%v %v", seen, err)
	}
	turned.Store(1)
	if r := send(t, g, request); r.Class != callback.ClassBlocked || rule(r.Cause) != "reserved_address" || reached.Load() != 0 {
		t.Errorf("%+v, %d arrived", r, reached.Load())
	}
}

func TestListedNameIsJudgedByItsAddressAllTheSame(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{Resolver: nameServer(t, netip.MustParseAddr("10.1.2.3"))})
	p := callback.Policy{Allowlist: allowlist(t, "hooks.example.com")}
	if r := send(t, g, callback.Request{URL: "https://hooks.example.com/", Policy: p}); rule(r.Cause) != "reserved_address" {
		t.Errorf("%+v", r)
	}
}

func TestNamesOfThisMachineLeadToNoOther(t *testing.T) {
	t.Parallel()
	server := receiver(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	p := callback.Policy{AllowHTTP: true, AllowLoopback: true, Allowlist: allowlist(t)}
	for address, want := range map[string]callback.Class{"10.1.2.3": callback.ClassBlocked, "127.0.0.1": callback.ClassDelivered} {
		g := guard(t, callback.GuardConfig{CIDRs: []string{"10.0.0.0/8"}, Resolver: nameServer(t, netip.MustParseAddr(address))})
		for _, host := range []string{"app.localhost", "App.LOCALHOST."} {
			if r := send(t, g, callback.Request{URL: "http://" + host + ":" + port + "/", Policy: p}); r.Class != want {
				t.Errorf("%s at %s: %+v", host, address, r)
			}
		}
	}
}
