package airtel

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Config describes the way to Airtel.
type Config struct {
	BaseURL           string
	Country, Currency string
	// Version is that of the calls that move money: v1 or v2.
	Version                string
	ClientID, ClientSecret string
	// Token is one that another process fetched; it may be empty.
	Token Token
	// PIN is the merchant's, which payouts need.
	PIN string
	// Signs adds a signature to what moves money.
	Signs bool
	// Padding is that of RSA, one of the constants; Key the public key that
	// ParseKey takes. Without one Airtel is asked for it.
	Padding, Key string
	// Timeout bounds a request that moves money, ReadTimeout any other.
	Timeout, ReadTimeout time.Duration
	// Connections bounds the open connections.
	Connections int
	Now         func() time.Time
}

// Client calls Airtel. It is safe for concurrent use. Its errors are *sdk.Error.
// Nothing that moves money is sent twice.
type Client struct {
	http        *httpclient.Client
	config      Config
	tokens      *tokens
	keys        *keys
	confidences []string // what no answer may quote
}

// New makes a Client; the error is of class Misconfigured.
func New(c Config) (*Client, error) {
	m := &Client{config: c, confidences: []string{c.ClientSecret}}
	m.tokens = &tokens{now: c.Now, of: c.login(), fetch: m.logIn}
	m.tokens.begin(c.Token)
	var err error
	if m.keys, err = newKeys(c.Key, c.Now); err != nil {
		return nil, sdk.Misconfiguredf("settings_invalid", "/encryptionKey: %w", err)
	}
	m.http, err = httpclient.New(httpclient.Options{
		BaseURL: c.BaseURL, Timeout: c.Timeout, MaxConnections: c.Connections, Secrets: m.confidences, Now: c.Now,
		Header: http.Header{"Accept": {"*/*"}},
	})
	return m, err
}

// call is where an operation lives at Airtel.
type call struct{ pay, find string }

// call finds an operation's; that of a refund has no enquiry.
func (c *Client) call(operation string) call {
	return map[string]call{
		schemas.OpPaymentCollect:  {"/merchant/" + c.config.Version + "/payments/", "/standard/v1/payments/"},
		schemas.OpPaymentDisburse: {"/standard/" + c.config.Version + "/disbursements/", "/standard/v1/disbursements/"},
		schemas.OpPaymentRefund:   {"/standard/" + c.config.Version + "/payments/refund", ""},
	}[operation]
}

// Order is money to move.
type Order struct {
	Body Body
	// Scenario is for the stand-in only, and left out when empty.
	Scenario string
}

// headerScenario is not Airtel's: the stand-in alone reads it.
const headerScenario = "X-Sandbox-Scenario"

// Pay has Airtel take an order. The Answer has no State: what the first answer
// says of the transaction only means that it was taken, and its Code decides.
func (c *Client) Pay(ctx context.Context, operation string, o Order) (Answer, error) {
	r, err := c.order(ctx, operation, o)
	if err != nil {
		return Answer{}, err
	}
	token, fresh, err := c.tokens.get(ctx)
	if err != nil {
		return Answer{}, err
	}
	maps.Copy(r.Header, c.headers(token))
	res, err := c.http.Do(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	v := Classify(res.Status, res.Body, true)
	switch {
	case v.Class == sdk.Unauthorized:
		return Answer{}, c.outdated(token, fresh, v, res)
	case v.Class == sdk.Misconfigured:
		c.keys.forget() // Airtel may have another one by now
		return Answer{}, c.failure(v, res, token)
	case v.Class != "":
		return Answer{}, c.failure(v, res, token)
	}
	a, err := ParseAnswer(res.Body)
	if err != nil {
		return Answer{}, c.failure(unreadable(true), res, token)
	}
	a.State, a.Raw = "", c.confide(a.Raw, token)
	return a, nil
}

// order makes the request that moves money, with what goes in it encrypted.
func (c *Client) order(ctx context.Context, operation string, o Order) (httpclient.Request, error) {
	var err error
	if operation == schemas.OpPaymentDisburse {
		if o.Body.PIN, err = c.encrypt(ctx, c.config.PIN); err != nil {
			return httpclient.Request{}, err
		}
	}
	r, err := httpclient.JSON(http.MethodPost, c.call(operation).pay, o.Body)
	if err != nil {
		return httpclient.Request{}, err
	}
	r.Effect, r.Header = httpclient.Always, http.Header{}
	if o.Scenario != "" {
		r.Header.Set(headerScenario, o.Scenario)
	}
	if c.config.Signs {
		err = c.sign(ctx, r)
	}
	return r, err
}

// outdated is the error after a token was refused to a request that moves
// money. Airtel did nothing; one effect is all that a call begins, so the next
// call goes with a new token. A new token that is refused at once is no old one.
func (c *Client) outdated(token string, fresh bool, v Verdict, res *httpclient.Response) error {
	c.tokens.drop(token)
	if fresh {
		return c.failure(v, res, token)
	}
	e := c.failure(Verdict{Class: sdk.Unavailable, Code: "token_outdated", Message: "Airtel ended the access token early; the next call asks for a new one"}, res, token)
	e.RetryAfter = time.Second
	return e
}

// Find reads what Airtel knows under a reference; false when it knows nothing.
func (c *Client) Find(ctx context.Context, operation, reference string) (Answer, bool, error) {
	res, token, err := c.ask(ctx, httpclient.Request{Path: c.call(operation).find + url.PathEscape(reference)})
	if err != nil {
		return Answer{}, false, err
	}
	a, unread := ParseAnswer(res.Body)
	// A 404 of anybody else proves nothing, nor does the code beside a state
	// that is open or good.
	if unread == nil && missing(a.Code) && (a.State == "" || a.State == stateFailed) && res.Status < 500 {
		return Answer{}, false, nil
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return Answer{}, false, c.failure(v, res, token)
	}
	if unread != nil || a.State == "" {
		return Answer{}, false, c.failure(unreadable(false), res, token)
	}
	a.Raw = c.confide(a.Raw, token)
	return a, true, nil
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

// Balance proves the credentials with a question that changes nothing.
func (c *Client) Balance(ctx context.Context) error {
	res, token, err := c.ask(ctx, httpclient.Request{Path: "/standard/v1/users/balance"})
	if err != nil {
		return err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return c.failure(v, res, token)
	}
	if _, err := ParseAnswer(res.Body); err != nil {
		return c.failure(unreadable(false), res, token)
	}
	return nil
}

// ask sends a question, a second time with a new token when the first one was
// refused.
func (c *Client) ask(ctx context.Context, r httpclient.Request) (*httpclient.Response, string, error) {
	for again := false; ; again = true {
		token, fresh, err := c.tokens.get(ctx)
		if err != nil {
			return nil, "", err
		}
		r.Header = c.headers(token)
		res, err := c.patient(ctx, r)
		if err != nil || res.Status != http.StatusUnauthorized {
			return res, token, err
		}
		c.tokens.drop(token)
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

func (c *Client) headers(token string) http.Header {
	h := http.Header{}
	h.Set("Authorization", "Bearer "+token)
	h.Set("X-Country", c.config.Country)
	h.Set("X-Currency", c.config.Currency)
	return h
}

func (c *Client) failure(v Verdict, res *httpclient.Response, token string) *sdk.Error {
	e := res.Error(v.Class, v.Code, v.Message)
	e.VendorAnswer = c.confide(e.VendorAnswer, token)
	e.VendorText = string(c.confide([]byte(v.Text), token))
	if v.Airtel != "" {
		e.VendorCode = string(c.confide([]byte(v.Airtel), token))
	}
	return e
}
