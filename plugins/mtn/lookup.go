package main

import (
	"context"
	"log/slog"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupPayment reads the status under the reference. MTN's own "not found" is
// the only answer that says that nothing is there; another amount, currency or
// number is another transaction.
func (c *connector) LookupPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentLookupInput) (schemas.PaymentLookupOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	if err := s.serves(in.Operation); err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	found, known, err := s.client.Find(ctx, in.Operation, in.OperatorReference)
	switch {
	case err != nil:
		return schemas.PaymentLookupOutput{}, err
	case !known:
		return schemas.PaymentLookupOutput{Result: schemas.LookupNotFound}, nil
	}
	want := momo.Expected{Amount: in.Amount, Currency: in.Currency, Number: in.MSISDN}
	if list := found.Differences(want); len(list) > 0 {
		return schemas.PaymentLookupOutput{Result: schemas.LookupFoundDifferent, Differences: list, Raw: found.Raw}, nil
	}
	status, err := outcomeOf(ctx, found)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	result := schemas.LookupFoundPending
	if status.Final() {
		result = schemas.LookupFoundFinal
	}
	return schemas.PaymentLookupOutput{Result: result, Status: status, ProviderTxID: found.ID, Raw: found.Raw}, nil
}

// outcomeOf reads the table. A transaction that MTN failed for a setting of the
// connection has not ended for the payer: the connection pauses instead.
func outcomeOf(ctx context.Context, s momo.Status) (schemas.PaymentStatus, error) {
	o := s.Outcome()
	if o.Setting != "" {
		v := momo.Misconfigured(o.Setting, s.Reason)
		e := sdk.Errorf(v.Class, v.Code, "%s", v.Message)
		e.VendorCode, e.VendorAnswer = s.Reason, s.Raw
		e.Fields = []sdk.FieldError{{Pointer: o.Setting, Code: v.Code, Detail: v.Message, Fix: "Correct the setting, then test the connection."}}
		return "", e
	}
	if !o.Known {
		slog.WarnContext(ctx, "word of MTN that is not in the table", "status", word(s.Native), "reason", word(s.Reason), "taken_as", o.Status)
	}
	return o.Status, nil
}

const maxWord = 60

// word bounds what a foreign answer may put into the log.
func word(s string) string { return s[:min(len(s), maxWord)] }
