package callback_test

import (
	"errors"
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
		"2001:0:4136:e378::1", "2001:30::1", "2001:1ff:ffff::1", "100::ffff:ffff:ffff:ffff", "100:0:0:1::1", "::ffff:0:10.0.0.1", "::ffff:0:8.8.8.8",
		"168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "::ffff:168.63.129.16", "64:ff9b:1:0:a00:1::",
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
		"198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15", "168.63.129.17",
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
	g := guard(t, callback.GuardConfig{CIDRs: []string{"10.20.0.0/16", "fd00:ec2::/32", "64:ff9b::/96", "::ffff:0:0:0/96"}})
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
		{"https://[::ffff:0:10.20.3.4]/", callback.Policy{}, true},
		{"https://[::ffff:0:10.0.0.1]/", callback.Policy{}, false},
		{"https://[::10.20.3.4]/", callback.Policy{}, false},
	} {
		if err := g.Check(c.url, c.policy); (err == nil) != c.open {
			t.Errorf("%s under %+v: %v", c.url, c.policy, err)
		}
	}
}

func TestNothingOpensMetadataAndMulticast(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"0.0.0.0/0", "::/0"}})
	for _, host := range []string{"169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "224.0.0.1", "255.255.255.255", "0.0.0.0", "[::]", "[fe80::1]", "[ff02::1]", "[2002:a9fe:a9fe::1]",
		"168.63.129.16", "[fd00:ec2::23]", "[fd20:ce::254]", "[fd00:42::42]", "[100::1]", "[2001::1]", "[64:ff9b:1::a00:1]", "[64:ff9b::169.254.169.254]", "[::169.254.169.254]", "[::ffff:0:169.254.169.254]", "[::ffff:169.254.169.254]"} {
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

func TestTransportUsesNoProxy(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	for _, p := range []callback.Policy{{}, local()} {
		if g.Transport(p).Proxy != nil {
			t.Error("a proxy would dial unguarded")
		}
	}
}
