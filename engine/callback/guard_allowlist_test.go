package callback_test

import (
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

func allowlist(t testing.TB, entries ...string) *callback.Allowlist {
	t.Helper()
	list, err := callback.ParseAllowlist(entries)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAllowlistNarrows(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"10.20.0.0/16"}})
	list := allowlist(t, "Hooks.example.com", "https://example.org/in", "https://example.net:8443/", "example.edu/a/b/",
		"example.info:8443/in", "dot.example.", " 10.20.0.1 ", "[2606:4700:0::1111]:9000")
	for url, open := range map[string]bool{
		"https://hooks.example.com/any":       true,
		"https://hooks.example.com:8443/any":  true,
		"http://hooks.example.com/any":        true,
		"https://HOOKS.EXAMPLE.COM./":         true,
		"https://hooks.example.com.evil/":     false,
		"https://a.hooks.example.com/":        false,
		"https://example.com/":                false,
		"https://example.org/in":              true,
		"https://example.org/in/a?b=c":        true,
		"https://example.org:443/in/":         true,
		"https://example.org//in//a":          true,
		"http://example.org/in":               false,
		"https://example.org/inner":           false,
		"https://example.org/in/../admin":     false,
		"https://example.org/in/%2e%2e/x":     false,
		"https://example.org/in/%252e%252e/x": false,
		"https://example.org/in/..;/x":        false,
		"https://example.org/in/a%5C..%5Cx":   false,
		"https://example.org/in%5Cx":          false,
		"https://example.org/in/../in/a":      false,
		"https://example.org/IN":              false,
		"https://example.org:8443/in":         false,
		"https://example.org/":                false,
		"https://example.net:8443/x":          true,
		"https://example.net:08443/x":         true,
		"https://example.net/x":               false,
		"https://example.edu/a/b":             true,
		"http://example.edu:8080/a/b/c":       true,
		"https://example.edu/a":               false,
		"https://example.info:8443/in/x":      true,
		"http://example.info:8443/in":         true,
		"https://example.info/in":             false,
		"https://example.info:8443/out":       false,
		"https://dot.example/":                true,
		"https://10.20.0.1/":                  true,
		"https://[::ffff:10.20.0.1]:8443/":    true,
		"https://10.20.0.2/":                  false,
		"https://[2606:4700::1111]:9000/":     true,
		"https://[2606:4700::1111]/":          false,
	} {
		err := g.Check(url, callback.Policy{AllowHTTP: true, Allowlist: list})
		if (err == nil) != open || err != nil && rule(err) != "allowlist" {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestEmptyAllowlistLetsNothingThroughAndNoneNarrowsNothing(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"10.20.0.0/16"}})
	for _, url := range []string{"https://example.com/", "https://1.1.1.1/", "https://10.20.0.1/"} {
		for name, list := range map[string]*callback.Allowlist{"zero": {}, "parsed": allowlist(t)} {
			if got := rule(g.Check(url, callback.Policy{Allowlist: list})); got != "allowlist" {
				t.Errorf("%s, %s list: %q", url, name, got)
			}
		}
		if err := g.Check(url, callback.Policy{}); err != nil {
			t.Errorf("%s without a list: %v", url, err)
		}
	}
}

func TestDevelopmentReachesThisMachineBeyondTheListAndNothingElse(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{CIDRs: []string{"10.20.0.0/16"}})
	for _, list := range []*callback.Allowlist{allowlist(t), allowlist(t, "hooks.example.com")} {
		p := callback.Policy{AllowHTTP: true, AllowLoopback: true, Allowlist: list}
		for url, want := range map[string]string{
			"http://127.0.0.1:8080/":          "",
			"http://127.9.9.9/":               "",
			"http://[::1]:8080/":              "",
			"http://[::ffff:127.0.0.1]:8080/": "",
			"http://localhost:8080/in":        "",
			"http://LocalHost.:8080/in":       "",
			"http://app.localhost:8080/":      "",
			"http://localhost.example.com/":   "allowlist",
			"http://notlocalhost/":            "allowlist",
			"http://example.com/":             "allowlist",
			"http://1.1.1.1/":                 "allowlist",
			"http://10.20.0.1/":               "allowlist",
			"http://10.0.0.1/":                "reserved_address",
			"http://0.0.0.0:8080/":            "reserved_address",
			"http://[::1%25lo]:8080/":         "reserved_address",
		} {
			if got := rule(g.Check(url, p)); got != want {
				t.Errorf("%s: %q, want %q", url, got, want)
			}
		}
		p.AllowLoopback = false
		for _, url := range []string{"http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]/"} {
			if got := rule(g.Check(url, p)); got != "reserved_address" {
				t.Errorf("%s in another environment: %q", url, got)
			}
		}
	}
}

func TestBadEntriesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "a b", "user@host", "https://u@a/", "ftp://a/", "ftp://a", "https:///x", "/x", "//a", ":8443", "host:", "host:22", "host:0", "host:99999", "host:x",
		"https://a/?q=1", "a?q", "a?", "a/x#y", "*.example.com", "*", "-a.example", "bücher.example", "127.1", "0x7f.1", "fe80::1", "[fe80::1%25eth0]", "::1",
		"a/../b", "a/%2e%2e/b", "a/..;/b", `a/b\..\c`, "a/%252e", "a,b", "https:a",
	} {
		if _, err := callback.ParseAllowlist([]string{"good.example", text}); err == nil {
			t.Errorf("entry %q was accepted", text)
		}
	}
}
