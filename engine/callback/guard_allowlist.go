package callback

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Allowlist is where callbacks may go. The zero value allows every place that
// the guard lets through.
type Allowlist struct{ entries []allowed }

// allowed is one entry; an empty scheme means any scheme, port and path.
type allowed struct{ scheme, host, path string }

// ParseAllowlist reads entries of two forms: a host name ("hooks.example.com"),
// for every URL of that host, or a URL ("https://example.com/in"), for that URL
// and everything below its path. An empty list is the zero value.
func ParseAllowlist(list []string) (Allowlist, error) {
	var a Allowlist
	for _, text := range list {
		e, ok := parseAllowed(strings.TrimSpace(text))
		if !ok {
			return Allowlist{}, fmt.Errorf("callback allowlist: %q is neither a host name nor an http(s) URL without query: write hooks.example.com or https://example.com/in", text)
		}
		a.entries = append(a.entries, e)
	}
	return a, nil
}

func parseAllowed(text string) (allowed, bool) {
	if !strings.Contains(text, "/") {
		u, err := url.Parse("//" + text)
		return allowed{host: strings.ToLower(text)}, err == nil && text != "" && u.Host == text && u.Port() == "" && u.User == nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return allowed{}, false
	}
	return allowed{scheme: u.Scheme, host: authority(u), path: cleanPath(u)}, true
}

func (a Allowlist) allows(u *url.URL) bool {
	if len(a.entries) == 0 {
		return true
	}
	for _, e := range a.entries {
		if e.allows(u) {
			return true
		}
	}
	return false
}

func (e allowed) allows(u *url.URL) bool {
	if e.scheme == "" {
		return hostOf(u) == e.host
	}
	p := cleanPath(u)
	return u.Scheme == e.scheme && authority(u) == e.host &&
		(p == e.path || strings.HasPrefix(p, strings.TrimSuffix(e.path, "/")+"/"))
}

func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// authority is the host with its port, the default one spelt out.
func authority(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return hostOf(u) + ":" + port
}

// cleanPath resolves dot segments, also escaped ones, as the receiver may do.
func cleanPath(u *url.URL) string { return path.Clean("/" + u.Path) }
