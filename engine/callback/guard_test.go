package callback_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

func guard(t testing.TB, cfg callback.GuardConfig) *callback.Guard {
	t.Helper()
	g, err := callback.NewGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func rule(err error) string {
	var b *callback.BlockedError
	if errors.As(err, &b) {
		return b.Rule
	}
	return ""
}

func TestGuardRefusesReservedAddressesOfBothFamilies(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, address := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::7f00:1",
		"64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
		"3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "4000::1", "fe80::1%25eth0",
	} {
		host := address
		if strings.Contains(address, ":") {
			host = "[" + address + "]"
		}
		if got := rule(g.Check("https://"+host+"/", callback.Policy{})); got != "reserved_address" {
			t.Errorf("%s: %q", address, got)
		}
	}
}

func TestGuardLetsPublicAddressesThrough(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, host := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.112.255", "203.0.114.0", "223.255.255.255",
		"[2001:200::1]", "[2606:4700::1111]", "[2001:4860:4860::8888]", "[3ffe::1]", "[2a00::1]", "[::ffff:8.8.8.8]",
		"hooks.example.com", "EXAMPLE.com", "a_b.example.com", "xn--bcher-kva.example", "example.com.", "hooks",
	} {
		if err := g.Check("https://"+host+"/in?x=1", callback.Policy{}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestGuardJudgesTheFormOfAURL(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, c := range []struct{ url, rule string }{
		{"http://example.com/", "scheme"}, {"ftp://example.com/", "scheme"}, {"javascript:alert(1)", "syntax"}, {"", "syntax"},
		{"/relative", "syntax"}, {"https://", "syntax"}, {"https:example.com", "syntax"}, {"https://example.com/\x00", "syntax"}, {"https://exa mple.com/", "syntax"},
		{"https://user@example.com/", "user_info"}, {"https://user:pass@example.com/", "user_info"}, {"https://@example.com/", "user_info"},
		{"https://example.com:22/", "port"}, {"https://example.com:0/", "port"}, {"https://example.com:65536/", "port"}, {"https://example.com:/", "port"}, {"https://example.com:25/", "port"},
		{"https://127.1/", "host"}, {"https://2130706433/", "host"}, {"https://0x7f000001/", "host"}, {"https://0177.0.0.1/", "host"}, {"https://1.2.3.4.5/", "host"},
		{"https://a..b/", "host"}, {"https://-a.example/", "host"}, {"https://bücher.example/", "host"}, {"https://exa%6dple.com/", "syntax"}, {"https://example.com\u3002/", "host"}, {"https://./", "host"},
		{"https://localhost/", "reserved_address"}, {"https://LOCALHOST./", "reserved_address"}, {"https://a.localhost/", "reserved_address"},
		{"https://example.com/" + strings.Repeat("x", 2048), "length"},
	} {
		if got := rule(g.Check(c.url, callback.Policy{})); got != c.rule {
			t.Errorf("%.60q: rule %q, want %q", c.url, got, c.rule)
		}
	}
	for _, url := range []string{"https://example.com:443/", "https://example.com:80/", "https://example.com:1024/", "https://example.com:8443/"} {
		if err := g.Check(url, callback.Policy{}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestRefusalsSayWhatToDoAndHideTheURL(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, url := range []string{"http://example.com/?token=hunter2", "https://u:hunter2@example.com/", "https://10.0.0.1/?token=hunter2", "://hunter2"} {
		err := g.Check(url, callback.Policy{})
		var b *callback.BlockedError
		if !errors.As(err, &b) || b.Detail == "" || b.Fix == "" || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestPoliciesOpenOnlyWhatTheySay(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"10.20.0.0/16", "fd00:ec2::/32", "64:ff9b::/96"}})
	loopback := callback.Policy{AllowLoopback: true, AllowHTTP: true}
	for _, c := range []struct {
		url    string
		policy callback.Policy
		open   bool
	}{
		{"http://127.0.0.1:8080/", loopback, true},
		{"http://[::1]:8080/", loopback, true},
		{"http://[::ffff:127.0.0.1]:8080/", loopback, true},
		{"http://localhost:8080/", loopback, true},
		{"http://10.0.0.1/", loopback, false},
		{"http://0.0.0.0:8080/", loopback, false},
		{"http://169.254.169.254/", loopback, false},
		{"http://example.com/", callback.Policy{AllowHTTP: true}, true},
		{"http://127.0.0.1/", callback.Policy{AllowHTTP: true}, false},
		{"https://10.20.3.4/", callback.Policy{}, true},
		{"https://[::ffff:10.20.3.4]/", callback.Policy{}, true},
		{"https://10.21.0.1/", callback.Policy{}, false},
		{"https://[fd00:ec2::1]/", callback.Policy{}, true},
		{"https://[fd00:ec2::254]/", callback.Policy{}, false},
		{"https://[64:ff9b::8.8.8.8]/", callback.Policy{}, true},
		{"https://[64:ff9b::10.20.3.4]/", callback.Policy{}, true},
		{"https://[64:ff9b::10.0.0.1]/", callback.Policy{}, false},
		{"https://[64:ff9b::127.0.0.1]/", loopback, false},
	} {
		if err := g.Check(c.url, c.policy); (err == nil) != c.open {
			t.Errorf("%s under %+v: %v", c.url, c.policy, err)
		}
	}
}

func TestNothingOpensMetadataAndMulticast(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"0.0.0.0/0", "::/0"}})
	for _, host := range []string{"169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "224.0.0.1", "255.255.255.255", "0.0.0.0", "[::]", "[fe80::1]", "[ff02::1]", "[2002:a9fe:a9fe::1]"} {
		if got := rule(g.Check("https://"+host+"/", callback.Policy{AllowLoopback: true})); got != "reserved_address" {
			t.Errorf("%s: %q", host, got)
		}
	}
	if err := g.Check("https://10.0.0.1/", callback.Policy{}); err != nil {
		t.Errorf("an opened network: %v", err)
	}
}

func TestBadNetworksAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "x", "", "::ffff:10.0.0.0/104"} {
		if _, err := callback.NewGuard(callback.GuardConfig{CIDRs: []string{text}}); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestAllowlistNarrows(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	list, err := callback.ParseAllowlist([]string{"Hooks.example.com", "https://example.org/in", "https://example.net:8443/"})
	if err != nil {
		t.Fatal(err)
	}
	for url, open := range map[string]bool{
		"https://hooks.example.com/any":      true,
		"https://hooks.example.com:8443/any": true,
		"https://HOOKS.EXAMPLE.COM/":         true,
		"https://hooks.example.com.evil/":    false,
		"https://a.hooks.example.com/":       false,
		"https://example.org/in":             true,
		"https://example.org/in/a?b=c":       true,
		"https://example.org:443/in/":        true,
		"https://example.org/inner":          false,
		"https://example.org/in/../admin":    false,
		"https://example.org/in/%2e%2e/x":    false,
		"https://example.org:8443/in":        false,
		"https://example.org/":               false,
		"https://example.net:8443/x":         true,
		"https://example.net/x":              false,
	} {
		err := g.Check(url, callback.Policy{Allowlist: list})
		if (err == nil) != open || err != nil && rule(err) != "allowlist" {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, text := range []string{"", "a b", "user@host", "host:80", "ftp://a/", "https:///x", "https://a/?q=1", "https://u@a/"} {
		if _, err := callback.ParseAllowlist([]string{text}); err == nil {
			t.Errorf("entry %q was accepted", text)
		}
	}
}

// nameServer answers every look-up with the next addresses of a list, over a
// pipe instead of a network.
func nameServer(t *testing.T, answers ...netip.Addr) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serveName(server, answers)
		return client, nil
	}}
}

// serveName speaks DNS over a stream: a length, then the message.
func serveName(conn net.Conn, answers []netip.Addr) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := readFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := readFull(conn, query); err != nil {
			return
		}
		answer := answerName(query, answers)
		out := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := conn.Write(append(out, answer...)); err != nil {
			return
		}
	}
}

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

func TestTransportUsesNoProxy(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, p := range []callback.Policy{{}, local()} {
		if g.Transport(p).Proxy != nil {
			t.Error("a proxy would dial unguarded")
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"https://example.com/", "https://[::ffff:a00:1]/", "https://0x7f.1/", "https://a@b:1/", "https://[fe80::1%25x]:443/", "https://1.1.1.1."} {
		f.Add(s)
	}
	g := guard(f, callback.GuardConfig{})
	f.Fuzz(func(t *testing.T, text string) {
		if g.Check(text, callback.Policy{}) != nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, text, nil)
		if err != nil || r.URL.Scheme != "https" || r.URL.User != nil {
			t.Fatalf("%q passed: %v", text, err)
		}
		if a, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
			mustBePublic(t, a)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"10.0.0.1", "::1", "64:ff9b::a00:1", "2002:a00:1::", "fd00::1"} {
		a := netip.MustParseAddr(s)
		f.Add(a.AsSlice())
	}
	g := guard(f, callback.GuardConfig{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok || g.Check("https://"+netip.AddrPortFrom(a, 443).String()+"/", callback.Policy{}) != nil {
			return
		}
		mustBePublic(t, a)
	})
}

// mustBePublic judges by another way than the guard's lists.
func mustBePublic(t *testing.T, a netip.Addr) {
	t.Helper()
	a = a.Unmap()
	b := a.AsSlice()
	odd := a.Is4() && (b[0] == 0 || b[0] >= 224 || b[0] == 100 && b[1]>>6 == 1) || a.Is6() && b[0]>>5 != 1
	if odd || a.IsPrivate() || !a.IsGlobalUnicast() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		t.Fatalf("%s passed", a)
	}
}
