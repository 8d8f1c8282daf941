package callback_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

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
	for _, s := range []string{"10.0.0.1", "::1", "64:ff9b::a00:1", "2002:a00:1::", "fd00::1", "::ffff:0:a9fe:a9fe", "2001::1", "5f00::1", "100::1", "168.63.129.16", "fec0::1"} {
		a := netip.MustParseAddr(s)
		f.Add(a.AsSlice())
	}
	g := guard(f, callback.GuardConfig{})
	wide := guard(f, callback.GuardConfig{CIDRs: []string{"0.0.0.0/0", "::/0"}})
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		url := "https://" + netip.AddrPortFrom(a, 443).String() + "/"
		if g.Check(url, callback.Policy{}) == nil {
			mustBePublic(t, a)
		}
		if wide.Check(url, callback.Policy{AllowLoopback: true}) == nil {
			mustReceive(t, a)
		}
	})
}

// mustBePublic judges by another way than the guard's lists.
func mustBePublic(t *testing.T, a netip.Addr) {
	t.Helper()
	a = a.Unmap()
	b := a.AsSlice()
	odd := a.Is4() && (b[0] == 0 || b[0] >= 224 || b[0] == 100 && b[1]>>6 == 1 || b[0] == 198 && b[1]>>1 == 9) ||
		a.Is6() && (b[0]>>5 != 1 || b[0] == 0x20 && b[1] == 2 || b[0] == 0x20 && b[1] == 1 && b[2]>>1 == 0 || b[0] == 0x3f && b[1] == 0xff && b[2]>>4 == 0)
	if odd || a.IsPrivate() || !a.IsGlobalUnicast() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		t.Fatalf("%s passed", a)
	}
}

// mustReceive wants what no setting opens to be closed, also inside of an
// address that carries an IPv4 address.
func mustReceive(t *testing.T, a netip.Addr) {
	t.Helper()
	a = a.Unmap()
	list := []netip.Addr{a}
	if text := a.String(); a.Is6() && !a.IsLoopback() {
		for _, prefix := range []string{"::", "64:ff9b::", "::ffff:0:"} {
			b := a.As16()
			v4 := netip.AddrFrom4([4]byte(b[12:]))
			if netip.MustParseAddr(prefix+v4.String()).String() == text {
				list = append(list, v4)
			}
		}
	}
	for _, x := range list {
		if x.IsUnspecified() || x.IsMulticast() || x.IsLinkLocalUnicast() || x.Is4() && x.AsSlice()[0] == 0 {
			t.Fatalf("%s passed", a)
		}
	}
}

// FuzzAllowlist: what passes under a list is on a host of the list, at its port
// and below its path, or on this machine where the policy opens it.
func FuzzAllowlist(f *testing.F) {
	for _, s := range [][2]string{
		{"hooks.example.com", "https://hooks.example.com/in?x=1"},
		{"hooks.example.com", "https://hooks.example.com.evil.example/"},
		{"hooks.example.com", "https://evil.example/hooks.example.com"},
		{"hooks.example.com:8443", "https://HOOKS.example.com.:8443/"},
		{"hooks.example.com/in", "https://hooks.example.com/in/../admin"},
		{"hooks.example.com/in", "https://hooks.example.com/in/%2e%2e;x/admin"},
		{"https://hooks.example.com/in", "http://hooks.example.com/in"},
		{"hooks.example.com@evil.example", "https://hooks.example.com@evil.example/"},
		{"1.1.1.1", "https://[::ffff:1.1.1.1]/"},
		{"[2606:4700::1111]:8443/x", "https://[2606:4700:0::1111]:8443/x/y"},
		{"*.example.com", "https://a.example.com/"},
		{"", "http://localhost:8080/"},
		{"localhost", "http://[::1]:8080/"},
	} {
		f.Add(s[0], s[1], true)
		f.Add(s[0], s[1], false)
	}
	g := guard(f, callback.GuardConfig{})
	f.Fuzz(func(t *testing.T, entry, text string, loopback bool) {
		list, err := callback.ParseAllowlist([]string{entry})
		if err != nil {
			list, entry = allowlist(t), ""
		}
		p := callback.Policy{AllowHTTP: true, AllowLoopback: loopback, Allowlist: list}
		if g.Check(text, p) != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q passed: %v", text, err)
		}
		if loopback && isHere(u.Hostname()) {
			return
		}
		mustMatch(t, entry, u)
	})
}

func isHere(host string) bool {
	a, err := netip.ParseAddr(host)
	host = "." + strings.TrimSuffix(strings.ToLower(host), ".")
	return err == nil && a.Unmap().IsLoopback() || strings.HasSuffix(host, ".localhost")
}

// mustMatch reads the entry by cutting its text, another way than the list's.
func mustMatch(t *testing.T, entry string, u *url.URL) {
	t.Helper()
	entry = strings.TrimSpace(entry)
	if scheme, rest, ok := strings.Cut(entry, "://"); ok {
		if !strings.EqualFold(scheme, u.Scheme) {
			t.Fatalf("%q passed %s", entry, u)
		}
		entry = rest
	}
	authority, path, _ := strings.Cut(entry, "/")
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
	}
	if !sameHost(host, u.Hostname()) {
		t.Fatalf("%q passed %s", entry, u)
	}
	if got := u.Port(); got != "" && port != "" && strings.TrimLeft(got, "0") != strings.TrimLeft(port, "0") {
		t.Fatalf("%q passed %s", entry, u)
	}
	if strings.Trim(path, "/.") != "" && (strings.Contains(u.Path, "/..") || strings.Contains(u.Path, `\..`)) {
		t.Fatalf("%q passed %s", entry, u)
	}
}

func sameHost(a, b string) bool {
	a, b = strings.Trim(strings.ToLower(a), "[]"), strings.ToLower(b)
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x.Unmap() == y.Unmap()
	}
	return errX != nil && errY != nil && a != "" && strings.TrimSuffix(a, ".") == strings.TrimSuffix(b, ".")
}
