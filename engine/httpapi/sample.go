package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

var errSampleSandbox = &domain.Error{Kind: domain.KindForbidden, Code: "sandbox_only",
	Detail: "A sample would be registered with the authority as a real invoice. Use a key of a sandbox environment."}

// sampleRequest is the body of POST /si/invoices/sample.
type sampleRequest struct {
	CallbackURL   string `json:"callbackUrl"`
	InvoiceNumber string `json:"invoiceNumber"`
}

// postSample sends a valid invoice through the door that every invoice takes.
func (a *api) postSample(w http.ResponseWriter, r *http.Request) error {
	env := principal(r).Environment
	if env.Kind != domain.Sandbox {
		return errSampleSandbox
	}
	var in sampleRequest
	body, err := a.decode(r, bodySample, &in)
	if err != nil {
		return err
	}
	sample, err := in.invoice(a.cfg.Now())
	if err != nil {
		return err
	}
	return a.accept(w, r, body, func(ctx context.Context) (domain.Draft, error) {
		draft, err := a.cfg.Invoices.Accept(ctx, env, "", sample)
		return draft, renamed(err, map[string]string{"/callback_url": "/callbackUrl", "/invoice_number": "/invoiceNumber"})
	})
}

// invoice is the sample under a number nobody has, issued today.
func (in sampleRequest) invoice(now time.Time) ([]byte, error) {
	if in.InvoiceNumber == "" {
		in.InvoiceNumber = "SMP-" + ulid.Make().String()
	}
	sample := schemas.Sample(in.InvoiceNumber, now.In(invoice.Lagos).Format(time.DateOnly))
	if in.CallbackURL == "" {
		return sample, nil
	}
	address, err := json.Marshal(in.CallbackURL)
	if err != nil {
		return nil, fmt.Errorf("sample invoice: %w", err)
	}
	open := bytes.IndexByte(sample, '{') + 1
	return bytes.Join([][]byte{sample[:open], []byte(`"callback_url":`), address, []byte(","), sample[open:]}, nil), nil
}
