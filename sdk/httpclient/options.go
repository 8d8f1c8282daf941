package httpclient

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/afara-dev/afara/sdk"
)

// Options make a Client. The zero value works with absolute URLs.
type Options struct {
	// BaseURL is what a Request's Path is joined to: http or https, no user,
	// query or fragment.
	BaseURL string
	// Timeout bounds one request from dial to last byte. Default 30 s; the
	// call's own deadline may be earlier.
	Timeout time.Duration
	// Header goes on every request, below the request's own.
	Header http.Header
	// MaxResponse is the longest answer that is read, in bytes. Default 4 MiB.
	MaxResponse int64
	// TLS overrides roots, client certificates or the server name. Default: the
	// system's roots, TLS 1.2 and later.
	TLS *tls.Config
	// MaxConnections bounds the connections per host, open and idle. Default 64.
	MaxConnections int
	// IdleTimeout closes a connection nobody used for so long. Keep it below the
	// vendor's own limit: a request that meets a closing connection may be
	// lost, which costs a look-up. Default 30 s.
	IdleTimeout time.Duration
	// Secrets are masked in answers that errors carry, beside what sdk.Redact
	// finds by name and what the settings schema marks.
	Secrets []string
	// Now is the clock for Retry-After dates. Default time.Now.
	Now func() time.Time
}

func (o Options) filled() (Options, *url.URL, error) {
	o.Timeout = orElse(o.Timeout, 30*time.Second)
	o.MaxResponse = orElse(o.MaxResponse, 4<<20)
	o.MaxConnections = orElse(o.MaxConnections, 64)
	o.IdleTimeout = orElse(o.IdleTimeout, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	base, err := parseBase(o.BaseURL)
	return o, base, err
}

func orElse[T int | int64 | time.Duration](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

func parseBase(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, sdk.Misconfiguredf("base_url_invalid", "the base URL cannot be read")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		err = fmt.Errorf("its scheme is %q, want http or https", u.Scheme)
	case u.Host == "":
		err = fmt.Errorf("it has no host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		err = fmt.Errorf("it carries a user, query or fragment; leave them out")
	default:
		return u, nil
	}
	return nil, sdk.Misconfiguredf("base_url_invalid", "the base URL is wrong: %w", err)
}
