package payments

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// APIVersion is the version of the contract that this package was written for.
// The service may be newer: within v1 it only adds.
const APIVersion = "2026-05-31"

// Client calls one service with one key. It does not change and may be used from
// many goroutines.
type Client struct {
	base  string // ends with /v1
	key   string
	http  *http.Client
	clock Clock
}

// New makes a Client of the service at baseURL, with or without /v1 or /api/v1 at
// its end, and with or without slashes after that. Key is the secret key, as it
// was shown.
func New(baseURL, key string, opts ...Option) (*Client, error) {
	base, err := baseOf(baseURL)
	if err != nil {
		return nil, err
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the API key is empty, or holds blanks or characters that no key has")
	}
	o := settle(opts)
	return &Client{base: base, key: key, http: unredirected(o.http), clock: o.clock}, nil
}

// baseOf quotes nothing of a URL that it refuses: there may be a password in it.
func baseOf(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil:
		return "", errors.New("the base URL cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("the base URL has the scheme %.10q: write http or https", u.Scheme)
	case u.Host == "":
		return "", errors.New("the base URL has no host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("the base URL has a user, a query or a fragment: leave them out")
	}
	base := strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/")
	if !strings.HasSuffix(base, "/v1") {
		base += "/v1"
	}
	return base, nil
}

// unredirected is c, but that it follows no redirect: the key stays where it was
// meant for, and a POST does not become a GET.
func unredirected(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
