package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/afara-dev/afara/sdk"
)

// Effect says whether a request changes something at the vendor.
type Effect int

const (
	// ByMethod: GET, HEAD and OPTIONS change nothing, all others do, provided
	// that the operation has an effect at all.
	ByMethod Effect = iota
	// Never: this request changes nothing although its method says so: a login,
	// a search by POST.
	Never
	// Always: this request changes something although its method does not say so.
	Always
)

// Request is one request to a vendor.
type Request struct {
	Method string // default GET, or POST with a body
	// Path is joined to the base URL; without one it is the whole URL. It is in
	// escaped form: use url.PathEscape for what comes from a document.
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	// ContentType of Body; default application/json.
	ContentType string
	Effect      Effect
}

// JSON makes a request with v as its JSON body.
func JSON(method, path string, v any) (Request, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Request{}, sdk.Internalf("request_unwritable", "encode %s %s: %w", method, path, err)
	}
	return Request{Method: method, Path: path, Body: body}, nil
}

// Form makes a POST of form values.
func Form(path string, values url.Values) Request {
	return Request{
		Method: http.MethodPost, Path: path, Body: []byte(values.Encode()),
		ContentType: "application/x-www-form-urlencoded",
	}
}

func (r Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.Body != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

func (r Request) changes() bool {
	switch r.Effect {
	case Never:
		return false
	case Always:
		return true
	}
	switch r.method() {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// body has a type of its own, so that net/http cannot know how to read it
// again and so cannot repeat the request.
type body struct{ r *bytes.Reader }

func (b body) Read(p []byte) (int, error) { return b.r.Read(p) }
func (b body) Close() error               { return nil }

func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	var content io.Reader
	if r.Body != nil {
		content = body{bytes.NewReader(r.Body)}
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), target, content)
	if err != nil {
		return nil, sdk.Internalf("request_invalid", "build %s request: %w", r.method(), err)
	}
	req.ContentLength = int64(len(r.Body))
	maps.Copy(req.Header, c.options.Header.Clone())
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if len(r.Body) == 0 {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	return req, nil
}

func (c *Client) target(r Request) (string, error) {
	target := r.Path
	if c.base != nil {
		if strings.Contains(r.Path, "://") {
			return "", sdk.Internalf("request_invalid", "path %q is a whole URL; leave out what the base URL says", r.Path)
		}
		target = strings.TrimSuffix(c.base.String(), "/") + "/" + strings.TrimPrefix(r.Path, "/")
	}
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	if target == "" {
		return "", fmt.Errorf("request without URL")
	}
	return target, nil
}
