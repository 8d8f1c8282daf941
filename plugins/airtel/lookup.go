package main

import (
	"context"
	"log/slog"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupPayment reads the status under the reference. Airtel's own "transaction
// not found" is the only answer that says that nothing is there. It tells
// neither amount nor number, so there is nothing to compare but the reference.
// Refunds it cannot be asked about.
func (c *connector) LookupPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentLookupInput) (schemas.PaymentLookupOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	if in.Operation == schemas.OpPaymentRefund {
		return schemas.PaymentLookupOutput{Result: schemas.LookupCannotTell}, nil
	}
	defer s.share(ctx, call.Connection)
	found, known, err := s.client.Find(ctx, in.Operation, in.OperatorReference)
	switch {
	case err != nil:
		return schemas.PaymentLookupOutput{}, err
	case !known:
		return schemas.PaymentLookupOutput{Result: schemas.LookupNotFound}, nil
	}
	if list := found.Differences(in.OperatorReference); len(list) > 0 {
		return schemas.PaymentLookupOutput{Result: schemas.LookupFoundDifferent, Differences: list, Raw: found.Raw}, nil
	}
	status, err := outcomeOf(ctx, in.Operation, found)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	result := schemas.LookupFoundPending
	if status.Final() {
		result = schemas.LookupFoundFinal
	}
	return schemas.PaymentLookupOutput{Result: result, Status: status, ProviderTxID: found.ID, Raw: found.Raw}, nil
}

// outcomeOf reads the table. A transaction that Airtel failed for a setting of
// the connection has not ended for the payer: the connection pauses instead.
func outcomeOf(ctx context.Context, operation string, a airtel.Answer) (schemas.PaymentStatus, error) {
	o := a.Outcome(operation)
	if o.Setting != "" {
		v := airtel.Misconfigured(o.Setting, a.Code)
		e := sdk.Errorf(v.Class, v.Code, "%s", v.Message)
		e.VendorCode, e.VendorText, e.VendorAnswer = a.Code, a.Message, a.Raw
		e.Fields = []sdk.FieldError{{Pointer: o.Setting, Code: v.Code, Detail: v.Message, Fix: "Correct the setting, then test the connection."}}
		return "", e
	}
	if !o.Known {
		slog.WarnContext(ctx, "word of Airtel that is not in the table", "status", word(a.State), "code", word(a.Code), "taken_as", o.Status)
	}
	return o.Status, nil
}

const maxWord = 60

// word bounds what a foreign answer may put into the log.
func word(s string) string { return s[:min(len(s), maxWord)] }
