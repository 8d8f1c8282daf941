package om

import (
	"context"
	"net/http"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Client calls Orange. It is safe for concurrent use. Its errors are *sdk.Error.
// Nothing that moves money is sent twice.
type Client struct {
	http        *httpclient.Client
	config      Config
	tokens      *tokens
	confidences []string // what no answer may quote
}

// New makes a Client; the error is of class Misconfigured.
func New(c Config) (*Client, error) {
	o := &Client{config: c, confidences: []string{c.basic()}}
	for _, secret := range []string{c.ClientSecret, c.MerchantKey, c.AuthToken} {
		if secret != "" {
			o.confidences = append(o.confidences, secret)
		}
	}
	o.tokens = &tokens{now: c.Now, fetch: o.login}
	if c.Given.Of == c.owner() {
		o.tokens.grant = c.Given
	}
	var err error
	o.http, err = httpclient.New(httpclient.Options{
		BaseURL: c.BaseURL, Timeout: c.Timeout, MaxConnections: c.Connections, Secrets: o.confidences, Now: c.Now,
		Header: http.Header{"Accept": {"application/json"}},
	})
	return o, err
}

// Order is money to collect.
type Order struct {
	Reference string // the order id
	Amount    int64  // whole units
	// Name is what the merchant calls it, Text what the payer sees.
	Name, Text string
	Number     string // the payer's, E.164
	NotifyURL  string // left out when empty
	// Simulated lets Scenario and Number travel in headers that the stand-in
	// alone reads.
	Simulated bool
	Scenario  string
}

const (
	headerScenario = "X-Sandbox-Scenario"
	headerNumber   = "X-Sandbox-Number"
)

func (o Order) mark(h http.Header) {
	if !o.Simulated {
		return
	}
	h.Set(headerNumber, o.Number)
	if o.Scenario != "" {
		h.Set(headerScenario, o.Scenario)
	}
}

// Question asks how a payment stands.
type Question struct {
	Reference, PayToken string
	Amount              int64
}

// Find reads how a payment stands.
func (c *Client) Find(ctx context.Context, q Question) (Status, error) {
	r, err := c.question(q)
	if err != nil {
		return Status{}, err
	}
	res, token, err := c.ask(ctx, r)
	if err != nil {
		return Status{}, err
	}
	v := Classify(res.Status, res.Body, false)
	if missing(res.Status, v) {
		v.Class, v.Code, v.Message = sdk.Rejected, "not_found", "Orange does not know the payment"
	}
	if v.Class != "" {
		return Status{}, c.failure(v, res, token)
	}
	s, err := ParseStatus(c.config.Dialect, c.confide(res.Body, token))
	if err != nil {
		return Status{}, c.failure(doubt(false, "answer_unreadable", err.Error()), res, token)
	}
	return s, nil
}

func (c *Client) question(q Question) (httpclient.Request, error) {
	if c.config.Dialect == Core {
		return httpclient.Request{Path: c.corePath("paymentstatus", q.PayToken)}, nil
	}
	return c.pageStatus(q)
}

// Outcome reads what a status means.
func (c *Client) Outcome(s Status) Outcome { return s.outcome(c.config.Reasons, c.config.Hints) }

// Grant is the access token that is held now; the zero value when there is none.
func (c *Client) Grant() Grant { return c.tokens.held() }

// Prove proves the credentials with a new access token, and with a question that
// changes nothing: what Orange says of an order that is not there does not count.
func (c *Client) Prove(ctx context.Context) error {
	c.tokens.drop(c.tokens.held().Token)
	if c.config.Dialect == Core {
		_, err := c.PayToken(ctx)
		return err
	}
	r, err := c.pageStatus(Question{Reference: "AFARA-CHECK", PayToken: "AFARA-CHECK", Amount: 1})
	if err != nil {
		return err
	}
	res, token, err := c.ask(ctx, r)
	if err != nil {
		return err
	}
	v := Classify(res.Status, res.Body, false)
	if v.Class == "" || v.Class == sdk.Rejected || missing(res.Status, v) {
		return nil
	}
	return c.failure(v, res, token)
}

func (c *Client) headers(token string) http.Header {
	h := http.Header{}
	h.Set("Authorization", "Bearer "+token)
	if c.config.Dialect == Core {
		h.Set("X-AUTH-TOKEN", c.config.AuthToken)
	}
	return h
}
