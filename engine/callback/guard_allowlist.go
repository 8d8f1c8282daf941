package callback

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// Allowlist is where callbacks may go. The zero value lets nothing through; who
// is not narrowed at all has none (Policy.Allowlist is nil).
type Allowlist struct{ entries []allowed }

// allowed is one entry. An empty scheme, port 0 and the path "/" stand for any.
type allowed struct {
	scheme, host string
	port         uint16
	path         string
}

// ParseAllowlist reads entries of an exact host with, each optional, a port and
// a path prefix: "hooks.example.com", "hooks.example.com:8443",
// "hooks.example.com/in". What an entry leaves out it does not narrow. With a
// scheme in front ("https://hooks.example.com/in") it is for that scheme, and
// without a port for the scheme's own. A path holds itself and all below it. No
// entries make the list that lets nothing through.
func ParseAllowlist(list []string) (*Allowlist, error) {
	var a Allowlist
	for _, text := range list {
		e, ok := parseAllowed(strings.TrimSpace(text))
		if !ok {
			return nil, fmt.Errorf("callback allowlist: %q is not an exact host with optional port and path: "+
				"write hooks.example.com, hooks.example.com:8443 or hooks.example.com/in", text)
		}
		a.entries = append(a.entries, e)
	}
	return &a, nil
}

func parseAllowed(text string) (allowed, bool) {
	schemed := strings.Contains(text, "://")
	if !schemed {
		text = "//" + text
	}
	u, err := url.Parse(text)
	if err != nil || schemed != (u.Scheme == "https" || u.Scheme == "http") || u.User != nil || u.ForceQuery || u.RawQuery != "" || u.Fragment != "" {
		return allowed{}, false
	}
	host, ok := canonicalHost(u.Hostname())
	port, err := portOf(u)
	e := allowed{scheme: u.Scheme, host: host, port: port, path: path.Clean("/" + u.Path)}
	return e, ok && err == nil && isPlainPath(u.Path)
}

// canonicalHost spells a host in the one way in which hosts are compared, and
// says whether it is one at all.
func canonicalHost(host string) (string, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String(), a.Zone() == ""
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	return name, isHostName(name)
}

func (a *Allowlist) allows(u *url.URL) bool {
	for _, e := range a.entries {
		if e.allows(u) {
			return true
		}
	}
	return false
}

func (e allowed) allows(u *url.URL) bool {
	host, ok := canonicalHost(u.Hostname())
	port, err := portOf(u)
	return ok && err == nil && host == e.host &&
		(e.scheme == "" || e.scheme == u.Scheme) && (e.port == 0 || e.port == port) && isBelow(u.Path, e.path)
}

// isBelow reports whether a path is prefix or below it, whichever way the
// receiver reads dots.
func isBelow(p, prefix string) bool {
	if prefix == "/" {
		return true
	}
	clean := path.Clean("/" + p)
	return isPlainPath(p) && (clean == prefix || strings.HasPrefix(clean, prefix+"/"))
}

// isPlainPath refuses what some servers take for a step up: "..", also before a
// path parameter ("..;x") or between backslashes, and what is escaped twice. p
// is a decoded path.
func isPlainPath(p string) bool {
	for _, segment := range strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == '\\' }) {
		if strings.HasPrefix(segment, "..") || strings.Contains(segment, "%") {
			return false
		}
	}
	return true
}
