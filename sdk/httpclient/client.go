package httpclient

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/url"

	"github.com/afara-dev/afara/sdk/internal/began"
)

// Client sends requests to one vendor. It is safe for concurrent use and keeps
// connections; make one per connection version with sdk.Memo, not one per call.
type Client struct {
	options Options
	base    *url.URL
	http    *http.Client
}

// New makes a Client, or an error of class Misconfigured when the base URL is
// not one.
func New(o Options) (*Client, error) {
	o, base, err := o.filled()
	if err != nil {
		return nil, err
	}
	return &Client{
		options: o,
		base:    base,
		http: &http.Client{
			Transport:     newTransport(o),
			Timeout:       o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close closes the connections that nobody uses. Later requests open new ones.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends r once and reads the whole answer. Any answer of the vendor, whatever
// its status, is a Response; Response.Failure classes it. The error, when there
// is no answer, is an *sdk.Error: Unavailable when no request with an effect had
// begun in this call, else UnknownOutcome.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	tracker := began.From(ctx)
	if tracker == nil {
		// Outside a call nobody says whether an operation has an effect: take
		// the careful answer.
		tracker = began.New(true, noDeadline, c.options.Now)
	}
	leave := &leave{tracker: tracker, changes: r.changes() && tracker.Effect()}
	leave.trail.expect(len(r.Body))
	req, err := c.build(httptrace.WithClientTrace(ctx, leave.trace()), r)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(leave, err)
	}
	defer answer.Body.Close()
	return c.read(leave, answer)
}
