package momo

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Product is a product that MTN opens with a subscription key of its own.
type Product string

// The products that payments need.
const (
	Collection   Product = "collection"
	Disbursement Product = "disbursement"
)

// Login opens one product.
type Login struct{ SubscriptionKey, User, Key string }

func (l Login) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(l.User + ":" + l.Key))
}

// Config describes the way to MTN.
type Config struct {
	BaseURL           string
	TargetEnvironment string
	// Logins by product. A product without one is not used.
	Logins map[Product]Login
	// Timeout bounds a request that moves money, ReadTimeout any other.
	Timeout, ReadTimeout time.Duration
	// Connections bounds the open connections.
	Connections int
	Now         func() time.Time
}

// Client calls MTN. It is safe for concurrent use. Its errors are *sdk.Error.
// Nothing that moves money is sent twice.
type Client struct {
	http        *httpclient.Client
	config      Config
	tokens      map[Product]*tokens
	confidences []string // what no answer may quote
}

// New makes a Client; the error is of class Misconfigured.
func New(c Config) (*Client, error) {
	m := &Client{config: c, tokens: map[Product]*tokens{}}
	for product, login := range c.Logins {
		m.confidences = append(m.confidences, login.basic(), login.Key, login.SubscriptionKey)
		m.tokens[product] = &tokens{now: c.Now, fetch: func(ctx context.Context) (grant, error) { return m.login(ctx, product, login) }}
	}
	var err error
	m.http, err = httpclient.New(httpclient.Options{
		BaseURL: c.BaseURL, Timeout: c.Timeout, MaxConnections: c.Connections, Secrets: m.confidences, Now: c.Now,
		Header: http.Header{"Accept": {"application/json"}},
	})
	return m, err
}

// Has reports whether a product can be used.
func (c *Client) Has(p Product) bool { return c.tokens[p] != nil }

// call is where an operation lives at MTN.
type call struct {
	product Product
	path    string
}

// callOf is the call of an operation; the zero value for one that MTN has not.
func callOf(operation string) call {
	switch operation {
	case schemas.OpPaymentCollect:
		return call{Collection, "requesttopay"}
	case schemas.OpPaymentDisburse:
		return call{Disbursement, "transfer"}
	case schemas.OpPaymentRefund:
		return call{Disbursement, "refund"}
	}
	return call{}
}

// ProductOf is the product that an operation needs.
func ProductOf(operation string) Product { return callOf(operation).product }

func (c call) url(parts ...string) string {
	u := "/" + string(c.product) + "/v1_0/" + c.path
	for _, part := range parts {
		u += "/" + url.PathEscape(part)
	}
	return u
}

// Order is money to move.
type Order struct {
	Reference string // a UUID v4
	Body      Body
	// CallbackURL and Scenario are left out when empty. The scenario is for the
	// stand-in only.
	CallbackURL, Scenario string
}

// headerScenario is not MTN's: the stand-in alone reads it.
const headerScenario = "X-Sandbox-Scenario"

// Pay has MTN take an order. nil says that it did, not how it ended.
func (c *Client) Pay(ctx context.Context, operation string, o Order) error {
	at := callOf(operation)
	r, err := httpclient.JSON(http.MethodPost, at.url(), o.Body)
	if err != nil {
		return err
	}
	token, fresh, err := c.tokens[at.product].get(ctx)
	if err != nil {
		return err
	}
	r.Effect, r.Header = httpclient.Always, c.headers(at.product, token)
	r.Header.Set("X-Reference-Id", o.Reference)
	setIf(r.Header, "X-Callback-Url", o.CallbackURL)
	setIf(r.Header, headerScenario, o.Scenario)
	res, err := c.http.Do(ctx, r)
	if err != nil {
		return err
	}
	v := Classify(res.Status, res.Body, true)
	switch {
	case v.Class == sdk.Unauthorized:
		return c.outdated(at.product, token, fresh, v, res)
	case v.Class != "":
		return c.failure(v, res, token)
	case res.Status != http.StatusAccepted || !empty(res.Body):
		return c.failure(doubt(true, "answer_unreadable", "the answer is not MTN's 202; a proxy may stand before it"), res, token)
	}
	return nil
}

// outdated is the error after a token was refused to a request that moves
// money. MTN did nothing; one effect is all that a call begins, so the next call
// goes with a new token. A new token that is refused at once is no old one.
func (c *Client) outdated(p Product, token string, fresh bool, v Verdict, res *httpclient.Response) error {
	c.tokens[p].drop(token)
	if fresh {
		return c.failure(v, res, token)
	}
	e := c.failure(Verdict{Class: sdk.Unavailable, Code: "token_outdated", Message: "MTN ended the access token early; the next call asks for a new one"}, res, token)
	e.RetryAfter = time.Second
	return e
}

// Find reads what MTN knows under a reference; false when it knows nothing.
func (c *Client) Find(ctx context.Context, operation, reference string) (Status, bool, error) {
	at := callOf(operation)
	res, token, err := c.ask(ctx, at.product, httpclient.Request{Path: at.url(reference)})
	if err != nil {
		return Status{}, false, err
	}
	if missing(res.Status, res.Body) {
		return Status{}, false, nil
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return Status{}, false, c.failure(v, res, token)
	}
	s, err := ParseStatus(res.Body)
	if err != nil {
		return Status{}, false, c.failure(doubt(false, "answer_unreadable", err.Error()), res, token)
	}
	s.Raw = c.confide(s.Raw, token)
	return s, true, nil
}

// confide masks in an answer what nobody else may read.
func (c *Client) confide(answer []byte, token string) []byte {
	if len(answer) == 0 {
		return nil
	}
	secrets := slices.Clone(c.confidences)
	if token != "" {
		secrets = append(secrets, token)
	}
	return sdk.Redact(answer, secrets...)
}

// Balance proves a product's credentials with a question that changes nothing.
func (c *Client) Balance(ctx context.Context, p Product) error {
	res, token, err := c.ask(ctx, p, httpclient.Request{Path: "/" + string(p) + "/v1_0/account/balance"})
	if err != nil {
		return err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return c.failure(v, res, token)
	}
	if !object(res.Body) {
		return c.failure(doubt(false, "answer_unreadable", "MTN's balance cannot be read"), res, token)
	}
	return nil
}

// ask sends a question, a second time with a new token when the first one was
// refused.
func (c *Client) ask(ctx context.Context, p Product, r httpclient.Request) (*httpclient.Response, string, error) {
	for again := false; ; again = true {
		token, fresh, err := c.tokens[p].get(ctx)
		if err != nil {
			return nil, "", err
		}
		r.Header = c.headers(p, token)
		res, err := c.patient(ctx, r)
		if err != nil || res.Status != http.StatusUnauthorized {
			return res, token, err
		}
		c.tokens[p].drop(token)
		if fresh || again {
			return res, token, nil
		}
	}
}

// patient bounds a question.
func (c *Client) patient(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ReadTimeout)
	defer cancel()
	return c.http.Do(ctx, r)
}

func (c *Client) headers(p Product, token string) http.Header {
	h := http.Header{}
	h.Set("Authorization", "Bearer "+token)
	h.Set("Ocp-Apim-Subscription-Key", c.config.Logins[p].SubscriptionKey)
	h.Set("X-Target-Environment", c.config.TargetEnvironment)
	return h
}

func setIf(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

func (c *Client) failure(v Verdict, res *httpclient.Response, token string) *sdk.Error {
	e := res.Error(v.Class, v.Code, v.Message)
	e.VendorAnswer = c.confide(e.VendorAnswer, token)
	e.VendorText = string(c.confide([]byte(v.Text), token))
	if v.MTN != "" {
		e.VendorCode = string(c.confide([]byte(v.MTN), token))
	}
	return e
}
