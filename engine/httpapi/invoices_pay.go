package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/payment"
)

// paymentRequest asks a customer for an invoice.
type paymentRequest struct {
	MSISDN      string `json:"msisdn"`
	Operator    string `json:"operator"`
	Country     string `json:"country"`
	Application string `json:"application"`
	Amount      int64  `json:"amount"` // 0: all that is left
}

// postPaymentRequest asks a customer by mobile money. The same request again
// answers the payment that is under way, also without an Idempotency-Key.
func (a *api) postPaymentRequest(w http.ResponseWriter, r *http.Request) error {
	id, err := invoiceID(r)
	if err != nil {
		return err
	}
	var in paymentRequest
	body, err := a.decode(r, bodyPaymentRequest, &in)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.submit(w, r, ingest.Submission{
		Body: body, New: true, Status: http.StatusCreated, DoneStatus: http.StatusOK,
		Make: func(ctx context.Context) (domain.Draft, error) {
			draft, err := a.askFor(ctx, env, id, in)
			return draft, asAsked(err)
		},
	})
}

// askFor drafts the payment. What has ended is counted before what is left is
// read: a payment that ends in between has paid what is asked for no more.
func (a *api) askFor(ctx context.Context, env domain.Environment, id domain.InvoiceID, in paymentRequest) (domain.Draft, error) {
	ended, err := a.cfg.Payments.EndedOf(ctx, id)
	if err != nil {
		return domain.Draft{}, err
	}
	of, err := a.cfg.Invoices.Ask(ctx, env.ID, id, in.Amount)
	if err != nil {
		return domain.Draft{}, err
	}
	out := payment.Request{
		Amount: of.Amount, Currency: of.Currency, MSISDN: in.MSISDN, Operator: in.Operator, Country: in.Country, Application: in.Application,
		OrderRef: of.Number, Invoice: id,
	}
	if out.Reference, err = out.InvoiceReference(of.SignedAt, ended); err != nil {
		return domain.Draft{}, err
	}
	return a.cfg.Payments.Collect(ctx, env, out)
}

// asAsked tells the faults of a payment by the members of the request: it has no
// currency of its own.
func asAsked(err error) error {
	var e *domain.Error
	if errors.As(err, &e) && len(e.Fields) == 1 && e.Fields[0].Pointer == "/currency" {
		f := e.Fields[0]
		return invalidBody([]domain.FieldError{{
			Pointer: "/msisdn", Code: f.Code, Detail: "The invoice is in another currency. " + f.Detail, Fix: "Ask a number whose operator takes the invoice's currency.",
		}})
	}
	return err
}
