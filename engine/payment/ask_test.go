package payment_test

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// request asks for 1,000 francs.
func request(reference string) payment.Request {
	return payment.Request{
		Amount: 1000, Currency: "XOF", MSISDN: awa, Reference: reference, Application: "zana", Operator: "mtn", Country: "CI",
	}
}

// accept stores what make drafts, as the API does.
func (w *world) accept(make func(context.Context) (domain.Draft, error)) (domain.PaymentID, error) {
	got, err := w.intake.Accept(w.Context(), ingest.Submission{Environment: w.env.ID, Route: "post", New: true, Status: 201, DoneStatus: 200, Make: make})
	if err != nil {
		return "", err
	}
	var made struct {
		ID domain.PaymentID `json:"id"`
	}
	return made.ID, json.Unmarshal(got.Body, &made)
}

func (w *world) tryCollect(in payment.Request) (domain.PaymentID, error) {
	return w.accept(func(ctx context.Context) (domain.Draft, error) { return w.payments.Collect(ctx, w.env, in) })
}

// collect accepts a collection of 1,000 francs.
func (w *world) collect(reference string) domain.PaymentID {
	w.Helper()
	id, err := w.tryCollect(request(reference))
	w.must(err)
	return id
}

// tryPayout asks for a payout, and again as an unfunded one where the float does
// not suffice.
func (w *world) tryPayout(draft func(ctx context.Context, funded bool) (domain.Draft, error)) (domain.PaymentID, error) {
	id, err := w.accept(func(ctx context.Context) (domain.Draft, error) { return draft(ctx, true) })
	if payment.IsUnfunded(err) {
		return w.accept(func(ctx context.Context) (domain.Draft, error) { return draft(ctx, false) })
	}
	return id, err
}

func (w *world) tryDisburse(in payment.Request) (domain.PaymentID, error) {
	return w.tryPayout(func(ctx context.Context, funded bool) (domain.Draft, error) {
		return w.payments.Disburse(ctx, w.env, in, funded)
	})
}

func (w *world) tryRefund(of domain.PaymentID, in payment.RefundRequest) (domain.PaymentID, error) {
	return w.tryPayout(func(ctx context.Context, funded bool) (domain.Draft, error) {
		return w.payments.Refund(ctx, w.env, of, in, funded)
	})
}

// make accepts a payment of a type of 500 to 1,000 francs, funding it first where
// it takes money out of the float.
func (w *world) make(kind payment.Type) domain.PaymentID {
	w.Helper()
	if kind == payment.Collection {
		return w.collect("C-1")
	}
	paid := w.paid("FLOAT")
	var id domain.PaymentID
	var err error
	if kind == payment.Refund {
		id, err = w.tryRefund(paid, payment.RefundRequest{Amount: 500, Reference: "R-1"})
	} else {
		in := request("D-1")
		in.Amount = 500
		id, err = w.tryDisburse(in)
	}
	w.must(err)
	w.want(id, schemas.PaymentPending)
	return id
}

// paid is a collection that has succeeded at once.
func (w *world) paid(reference string) domain.PaymentID {
	w.Helper()
	id := w.collect(reference)
	w.walk(id)
	w.want(id, schemas.PaymentSuccess)
	return id
}
