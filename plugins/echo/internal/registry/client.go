// Package registry owns the wire of the Echo Registry: its paths, its bodies and
// what its answers mean as error classes.
package registry

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Document is an invoice as the registry knows it.
type Document struct {
	Reference    string          `json:"reference"`
	IssueDate    string          `json:"issueDate"`
	Currency     string          `json:"currency"`
	Payable      schemas.Decimal `json:"payable"`
	TaxExclusive schemas.Decimal `json:"taxExclusive"`
	// Number and RegisteredAt are the registry's.
	Number       int64  `json:"number,omitempty"`
	RegisteredAt string `json:"registeredAt,omitempty"` // RFC 3339
}

// List is some documents in the order of their numbers.
type List struct {
	Documents []Document `json:"documents"`
	Remaining int64      `json:"remaining"`
}

// Client speaks to one registry with one key. It is safe for concurrent use. Its
// errors are *sdk.Error.
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

// Validate asks whether d would be registered.
func (c *Client) Validate(ctx context.Context, d Document) error {
	request, err := httpclient.JSON(http.MethodPost, "/v1/validations", d)
	if err != nil {
		return err
	}
	request.Effect = httpclient.Never
	answer, err := c.http.Do(ctx, request)
	if err != nil {
		return err
	}
	return failure(answer)
}

// Register registers d. It is the one request with an effect.
func (c *Client) Register(ctx context.Context, d Document, key string) (Document, error) {
	request, err := httpclient.JSON(http.MethodPut, "/v1/documents/"+url.PathEscape(d.Reference), d)
	if err != nil {
		return Document{}, err
	}
	request.Header = http.Header{"Idempotency-Key": {key}}
	answer, err := c.http.Do(ctx, request)
	if err != nil {
		return Document{}, err
	}
	if err := failure(answer); err != nil {
		return Document{}, err
	}
	var registered Document
	err = answer.JSON(&registered)
	return registered, err
}

// Find gives the document of a reference; ok is false only when the registry
// itself says that it has none.
func (c *Client) Find(ctx context.Context, reference string) (d Document, ok bool, err error) {
	answer, err := c.http.Do(ctx, httpclient.Request{Path: "/v1/documents/" + url.PathEscape(reference)})
	if err != nil {
		return Document{}, false, err
	}
	if answer.Status == http.StatusNotFound && reason(answer).Code == "unknown_reference" {
		return Document{}, false, nil
	}
	if err := failure(answer); err != nil {
		return Document{}, false, err
	}
	err = answer.JSON(&d)
	return d, err == nil, err
}

// List gives documents with a number above after, at most limit.
func (c *Client) List(ctx context.Context, after int64, limit int) (List, error) {
	answer, err := c.http.Do(ctx, httpclient.Request{Path: "/v1/documents", Query: url.Values{
		"after": {strconv.FormatInt(after, 10)},
		"limit": {strconv.Itoa(limit)},
	}})
	if err != nil {
		return List{}, err
	}
	if err := failure(answer); err != nil {
		return List{}, err
	}
	var list List
	err = answer.JSON(&list)
	return list, err
}
