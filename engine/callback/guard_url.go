package callback

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// maxURL is the longest URL that is accepted, in bytes.
const maxURL = 2048

// BlockedError is the guard's refusal, in words that may be shown to whoever
// typed the URL.
type BlockedError struct {
	// Rule is stable and in snake_case: "scheme", "user_info", "port", "host",
	// "reserved_address", "allowlist", "syntax", "length", "address".
	Rule   string
	Detail string
	Fix    string
	// Address is what the host resolved to, when that was the reason. It is for
	// the operator's log: to others it would map the internal network.
	Address netip.Addr
}

func (e *BlockedError) Error() string { return "callback url: " + e.Detail + ": " + e.Fix }

// Fault is the refusal as a fault of the member that held the URL.
func (e *BlockedError) Fault(pointer string) domain.FieldError {
	return domain.FieldError{Pointer: pointer, Code: e.Rule, Detail: sentence(e.Detail), Fix: sentence(e.Fix)}
}

// sentence makes one of an error's words.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }

func blocked(rule, detail, fix string) *BlockedError {
	return &BlockedError{Rule: rule, Detail: detail, Fix: fix}
}

// Check judges what can be judged without the network: form, scheme, host,
// port, allowlist and literal addresses. Names are resolved and judged when
// they are dialled. The error is a *BlockedError.
func (g *Guard) Check(rawURL string, p Policy) error {
	u, err := parseURL(rawURL)
	if err != nil {
		return err
	}
	if err := checkScheme(u, p); err != nil {
		return err
	}
	if _, err := portOf(u); err != nil {
		return err
	}
	if err := g.checkHost(strings.ToLower(u.Hostname()), p); err != nil {
		return err
	}
	if !p.listed(u) {
		return blocked("allowlist", "the URL is not on the allowlist of this installation", "let the operator add it (ONBOARDING_CALLBACK_ALLOWLIST)")
	}
	return nil
}

// parseURL keeps url.Error away from callers: it repeats the URL, whose query
// may hold a secret.
func parseURL(rawURL string) (*url.URL, error) {
	if len(rawURL) > maxURL {
		return nil, blocked("length", "the URL has more than 2048 bytes", "shorten it")
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return nil, blocked("syntax", "this is not an absolute URL", "write it as https://host/path")
	}
	if u.User != nil {
		return nil, blocked("user_info", "the URL holds a user name or password", "remove it: callbacks are signed instead")
	}
	return u, nil
}

func checkScheme(u *url.URL, p Policy) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && p.AllowHTTP:
		return nil
	case u.Scheme == "http":
		return blocked("scheme", "http is not allowed here", "use https, or let the operator allow http (ONBOARDING_CALLBACK_ALLOW_HTTP)")
	}
	return blocked("scheme", "the scheme is not https", "use https")
}

// portOf keeps to ports where HTTP lives: those below 1024 belong to other
// protocols, some of which can be spoken to in HTTP. Where the URL names none
// it is the scheme's own, 0 without a scheme.
func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	if text == "" && !strings.HasSuffix(u.Host, ":") {
		return map[string]uint16{"http": 80, "https": 443}[u.Scheme], nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port != 80 && port != 443 && port < 1024 {
		return 0, blocked("port", "the port is not one for HTTP", "use 80, 443 or a port from 1024 to 65535")
	}
	return uint16(port), nil
}

func (g *Guard) checkHost(host string, p Policy) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.checkAddr(addr, p)
	}
	if !isHostName(strings.TrimSuffix(host, ".")) {
		return blocked("host", "the host is neither a name nor an address", "use a host name in ASCII, or an IP address in its usual form")
	}
	if isLocalName(host) && !p.AllowLoopback && !g.opensLoopback() {
		return blocked("reserved_address", "the host is the engine's own machine", "use a public host")
	}
	return nil
}

func (g *Guard) opensLoopback() bool {
	return contains(g.open, netip.AddrFrom4([4]byte{127, 0, 0, 1})) || contains(g.open, netip.IPv6Loopback())
}

// isHostName accepts DNS names in ASCII. A name whose last label is a number is
// a disguised address ("127.1", "0x7f000001"), which resolvers read differently.
func isHostName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9'
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
