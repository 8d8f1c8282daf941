package mbs

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// KeyPair is one pair of the authority's static keys.
type KeyPair struct{ Key, Secret string }

// Config describes the way to the authority.
type Config struct {
	BaseURL string
	// Keys is the system integrator's pair, Exchange the access point
	// provider's for the calls under transmit; empty: Keys.
	Keys, Exchange KeyPair
	// KeyHeader and SecretHeader name the two headers.
	KeyHeader, SecretHeader string
	// Timeout bounds a request that acts, ReadTimeout one that asks.
	Timeout, ReadTimeout time.Duration
	// Connections bounds the open connections.
	Connections int
	// IdleTimeout closes a connection nobody used for so long.
	IdleTimeout time.Duration
}

// Client calls the authority. Safe for concurrent use. Its errors are
// *sdk.Error. Each method sends one request and repeats none.
type Client struct {
	http     *httpclient.Client
	exchange http.Header // overrides the keys
	patience time.Duration
}

// New makes a Client; the error is of class Misconfigured.
func New(c Config) (*Client, error) {
	client, err := httpclient.New(httpclient.Options{
		BaseURL: c.BaseURL, Timeout: c.Timeout, MaxConnections: c.Connections, IdleTimeout: c.IdleTimeout,
		Header:  c.headers(c.Keys),
		Secrets: []string{c.Keys.Secret, c.Exchange.Secret, c.Keys.Key, c.Exchange.Key},
	})
	if err != nil {
		return nil, err
	}
	m := &Client{http: client, patience: c.ReadTimeout}
	if c.Exchange.Key != "" {
		m.exchange = c.headers(c.Exchange)
	}
	return m, nil
}

func (c Config) headers(k KeyPair) http.Header {
	h := http.Header{}
	h.Set(c.KeyHeader, k.Key)
	h.Set(c.SecretHeader, k.Secret)
	h.Set("Accept", "application/json")
	return h
}

// Close closes the connections that nobody uses.
func (c *Client) Close() { c.http.Close() }

// Validate asks for an opinion of an invoice; it registers nothing.
func (c *Client) Validate(ctx context.Context, body []byte) error {
	return c.act(ctx, httpclient.Request{
		Method: http.MethodPost, Path: "/api/v1/invoice/validate", Body: body, Effect: httpclient.Never,
	}, false)
}

// Sign registers an invoice for good.
func (c *Client) Sign(ctx context.Context, body []byte) error {
	return c.act(ctx, httpclient.Request{
		Method: http.MethodPost, Path: "/api/v1/invoice/sign", Body: body, Effect: httpclient.Always,
	}, true)
}

// Transmit sends a registered invoice towards its buyer.
func (c *Client) Transmit(ctx context.Context, irn string) error {
	return c.act(ctx, httpclient.Request{
		Method: http.MethodPost, Path: "/api/v1/invoice/transmit/" + url.PathEscape(irn),
		Header: c.exchange, Effect: httpclient.Always,
	}, true)
}

// UpdatePayment sets the payment status of a registered invoice.
func (c *Client) UpdatePayment(ctx context.Context, irn, status, reference string) error {
	r, err := httpclient.JSON(http.MethodPatch, "/api/v1/invoice/update/"+url.PathEscape(irn), struct {
		PaymentStatus string `json:"payment_status"`
		Reference     string `json:"reference,omitempty"`
	}{status, reference})
	if err != nil {
		return err
	}
	r.Effect = httpclient.Always
	return c.act(ctx, r, true)
}

// ReportSale reports a sale to a consumer.
func (c *Client) ReportSale(ctx context.Context, report Sale) error {
	r, err := httpclient.JSON(http.MethodPost, "/api/v1/vat/postpayment", report)
	if err != nil {
		return err
	}
	r.Effect = httpclient.Always
	return c.act(ctx, r, true)
}

// SelfHealth checks that the account can transmit: its webhook is set up.
func (c *Client) SelfHealth(ctx context.Context) error {
	_, err := c.get(ctx, "/api/v1/invoice/transmit/self-health-check", nil, c.exchange)
	return err
}

// Entity proves the keys by asking for the entity with id, or, without an id,
// for the entities that the keys may see.
func (c *Client) Entity(ctx context.Context, id string) (json.RawMessage, error) {
	path, query := "/api/v1/entity", url.Values{"size": {"1"}}
	if id != "" {
		path, query = path+"/"+url.PathEscape(id), nil
	}
	return c.get(ctx, path, query, nil)
}

// act sends a call whose success is {"ok": true}.
func (c *Client) act(ctx context.Context, r httpclient.Request, effect bool) error {
	res, err := c.http.Do(ctx, r)
	if err != nil {
		return err
	}
	if v := Classify(res.Status, res.Body, effect); v.Class != "" {
		return v.error(res)
	}
	if e, readable := parse(res.Body); !readable || !accepted(e.Data) {
		v := doubt(effect, "answer_unreadable", "the tax authority answered success without saying ok")
		return v.error(res)
	}
	return nil
}

// ask sends a request that only reads. Two of them fit into one look-up, so
// each has a shorter time-out than the call.
func (c *Client) ask(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	return c.http.Do(ctx, r)
}

// get sends a reading call and answers its data.
func (c *Client) get(ctx context.Context, path string, query url.Values, header http.Header) (json.RawMessage, error) {
	res, err := c.ask(ctx, httpclient.Request{Path: path, Query: query, Header: header})
	if err != nil {
		return nil, err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return nil, v.error(res)
	}
	e, readable := parse(res.Body)
	if !readable || len(e.Data) == 0 {
		v := doubt(false, "answer_unreadable", "the tax authority's answer holds no data")
		return nil, v.error(res)
	}
	return e.Data, nil
}

func (v Verdict) error(res *httpclient.Response) error {
	e := res.Error(v.Class, v.Code, v.Message)
	e.VendorText, e.Fields = v.VendorText, v.Fields
	return e
}

func unreadable(message string) error {
	return sdk.Unavailablef("answer_unreadable", "%s", message)
}
