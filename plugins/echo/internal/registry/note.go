package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/afara-dev/afara/sdk/httpclient"
)

// Note is what a record was told of the invoice that came from it.
type Note struct {
	Key           string `json:"key"` // of the call that wrote it
	Status        string `json:"status"`
	IRN           string `json:"irn,omitempty"`
	QRCodeData    string `json:"qrCodeData,omitempty"`
	SignedAt      string `json:"signedAt,omitempty"` // RFC 3339
	PaymentStatus string `json:"paymentStatus,omitempty"`
	Reason        string `json:"reason,omitempty"`
}

// WriteNote puts a note in the place of the record's last one.
func (c *Client) WriteNote(ctx context.Context, record string, n Note) error {
	request, err := httpclient.JSON(http.MethodPut, "/v1/notes/"+url.PathEscape(record), n)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(ctx, request)
	if err != nil {
		return err
	}
	if err := failure(answer); err != nil {
		return err
	}
	return answer.JSON(&n) // a web page is no answer of the registry
}

// Note gives a record's note; ok is false only when the registry itself says that
// it has none.
func (c *Client) Note(ctx context.Context, record string) (n Note, ok bool, err error) {
	answer, err := c.http.Do(ctx, httpclient.Request{Path: "/v1/notes/" + url.PathEscape(record)})
	if err != nil {
		return Note{}, false, err
	}
	if answer.Status == http.StatusNotFound && reason(answer).Code == "unknown_record" {
		return Note{}, false, nil
	}
	if err := failure(answer); err != nil {
		return Note{}, false, err
	}
	err = answer.JSON(&n)
	return n, err == nil, err
}
