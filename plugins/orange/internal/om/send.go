package om

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// send sends a request that moves money, once. A token that was refused is one
// of no effect: the next call goes with a new one.
func (c *Client) send(ctx context.Context, r httpclient.Request, o Order) (*httpclient.Response, string, error) {
	token, fresh, err := c.tokens.get(ctx)
	if err != nil {
		return nil, "", err
	}
	r.Effect, r.Header = httpclient.Always, c.headers(token)
	o.mark(r.Header)
	res, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, "", err
	}
	if v := Classify(res.Status, res.Body, true); v.Class == sdk.Unauthorized {
		return nil, "", c.outdated(token, fresh, v, res)
	}
	return res, token, nil
}

// outdated is the error after a token was refused to a request that moves money.
// A new token that is refused at once is no old one.
func (c *Client) outdated(token string, fresh bool, v Verdict, res *httpclient.Response) error {
	c.tokens.drop(token)
	if fresh {
		return c.failure(v, res, token)
	}
	e := c.failure(Verdict{Class: sdk.Unavailable, Code: "token_outdated", Message: "Orange ended the access token early; the next call asks for a new one"}, res, token)
	e.RetryAfter = time.Second
	return e
}

// ask sends a question, a second time with a new token when the first one was
// refused.
func (c *Client) ask(ctx context.Context, r httpclient.Request) (*httpclient.Response, string, error) {
	r.Effect = httpclient.Never
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

// confide masks in an answer what nobody else may read. It goes by value alone:
// pay_token is no secret, and is what a payment is known by.
func (c *Client) confide(answer []byte, token string) []byte {
	for _, secret := range append([]string{token}, c.confidences...) {
		if secret != "" {
			answer = bytes.ReplaceAll(answer, []byte(secret), []byte(sdk.Redacted))
		}
	}
	return answer
}

func (c *Client) failure(v Verdict, res *httpclient.Response, token string) *sdk.Error {
	e := res.Error(v.Class, v.Code, v.Message)
	e.VendorAnswer = c.confide(e.VendorAnswer, token)
	e.VendorText = string(c.confide([]byte(v.Text), token))
	if v.Orange != "" {
		e.VendorCode = string(c.confide([]byte(v.Orange), token))
	}
	if v.Setting != "" {
		e.Fields = []sdk.FieldError{{Pointer: v.Setting, Code: v.Code, Detail: v.Message, Fix: "Correct the setting, then test the connection."}}
	}
	return e
}

// unreadable is the error of an answer that may have moved money and is none.
func (c *Client) unreadable(res *httpclient.Response, token string) error {
	return c.failure(doubt(true, "answer_unreadable", "the answer is not Orange's; a proxy may stand before it"), res, token)
}
