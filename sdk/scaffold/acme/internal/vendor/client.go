// Package vendor owns the wire of Acme: its paths, its bodies and what its
// answers mean as error classes.
package vendor

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/afara-dev/afara/sdk/httpclient"
)

// Message is a message as Acme knows it.
type Message struct {
	Reference string    `json:"reference"`
	Text      string    `json:"text"`
	Number    int64     `json:"number"`
	At        time.Time `json:"at"`
}

// List is some messages in the order of their numbers.
type List struct {
	Messages  []Message `json:"messages"`
	Remaining int64     `json:"remaining"`
}

// Client speaks to Acme with one key. It is safe for concurrent use. Its errors
// are *sdk.Error.
type Client struct{ http *httpclient.Client }

// New makes a client. timeout bounds one request.
func New(baseURL, apiKey string, timeout time.Duration) (*Client, error) {
	c, err := httpclient.New(httpclient.Options{
		BaseURL: baseURL, Timeout: timeout,
		Header:  http.Header{"Authorization": {"Bearer " + apiKey}},
		Secrets: []string{apiKey},
	})
	if err != nil {
		return nil, err
	}
	return &Client{http: c}, nil
}

// Ping proves address and key.
func (c *Client) Ping(ctx context.Context) error {
	answer, err := c.http.Do(ctx, httpclient.Request{Path: "/v1/ping"})
	if err != nil {
		return err
	}
	return failure(answer)
}

// Send sends a message. It is the one request with an effect.
func (c *Client) Send(ctx context.Context, reference, text, key string) (Message, error) {
	request, err := httpclient.JSON(http.MethodPut, path(reference), map[string]string{"text": text})
	if err != nil {
		return Message{}, err
	}
	request.Header = http.Header{"Idempotency-Key": {key}}
	return message(c.http.Do(ctx, request))
}

// Find gives the message of a reference; ok is false only when Acme itself says
// that it has none.
func (c *Client) Find(ctx context.Context, reference string) (m Message, ok bool, err error) {
	answer, err := c.http.Do(ctx, httpclient.Request{Path: path(reference)})
	if err == nil && answer.Status == http.StatusNotFound && reason(answer).Code == "unknown_reference" {
		return Message{}, false, nil
	}
	m, err = message(answer, err)
	return m, err == nil, err
}

func path(reference string) string { return "/v1/messages/" + url.PathEscape(reference) }

func message(answer *httpclient.Response, err error) (m Message, _ error) {
	if err != nil {
		return m, err
	}
	if err := failure(answer); err != nil {
		return m, err
	}
	return m, answer.JSON(&m)
}

// List gives messages with a number above after, at most limit.
func (c *Client) List(ctx context.Context, after int64, limit int) (List, error) {
	var list List
	answer, err := c.http.Do(ctx, httpclient.Request{Path: "/v1/messages", Query: url.Values{
		"after": {strconv.FormatInt(after, 10)},
		"limit": {strconv.Itoa(limit)},
	}})
	if err != nil {
		return list, err
	}
	if err := failure(answer); err != nil {
		return list, err
	}
	return list, answer.JSON(&list)
}
