package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupPayment asks for a transaction by Moov's own id, which the answer to the
// payment told. Without it, because that answer was lost, nothing can be told.
// Moov's answer holds neither amount nor number, so nothing is compared.
func (c *connector) LookupPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentLookupInput) (schemas.PaymentLookupOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	if !s.client.CanAsk() {
		return schemas.PaymentLookupOutput{}, sdk.Unsupportedf("no_status_call", "the dialect rest has no call that tells what became of a payment, and Moov sends no callbacks; ask Moov")
	}
	id := or(in.ProviderTxID, remembered(call))
	if id == "" {
		return schemas.PaymentLookupOutput{Result: schemas.LookupCannotTell}, nil
	}
	found, known, err := s.client.Find(ctx, id)
	switch {
	case err != nil:
		return schemas.PaymentLookupOutput{}, err
	case !known:
		return schemas.PaymentLookupOutput{Result: schemas.LookupNotFound}, nil
	}
	out := schemas.PaymentLookupOutput{
		Result: schemas.LookupFoundPending, Status: outcomeOf(ctx, found), ProviderTxID: id, Raw: found.Raw,
	}
	if out.Status.Final() {
		out.Result = schemas.LookupFoundFinal
	}
	return out, nil
}
