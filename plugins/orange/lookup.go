package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupPayment reads the status by the pay token that the payment left. Without
// one, because Orange's first answer was lost, nobody can ask: cannot_tell. So is
// a question that Orange refuses, for that does not say that nothing is there.
func (c *connector) LookupPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentLookupInput) (schemas.PaymentLookupOutput, error) {
	if err := serves(in.Operation); err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	payToken := payTokenOf(call, in.ProviderTxID)
	if payToken == "" {
		return schemas.PaymentLookupOutput{Result: schemas.LookupCannotTell}, nil
	}
	if len(call.State) == 0 { // so that the next look-up has it too
		if err := keep(call, payToken); err != nil {
			return schemas.PaymentLookupOutput{}, err
		}
	}
	found, err := s.client.Find(ctx, om.Question{Reference: in.OperatorReference, PayToken: payToken, Amount: in.Amount})
	if refused := new(sdk.Error); errors.As(err, &refused) && refused.Class == sdk.Rejected {
		return schemas.PaymentLookupOutput{Result: schemas.LookupCannotTell}, s.share(call.Connection)
	}
	if err != nil {
		return schemas.PaymentLookupOutput{}, err
	}
	out := s.judge(ctx, found, in)
	if out.Result != schemas.LookupFoundDifferent {
		out.ProviderTxID = shown(payToken)
	}
	return out, s.share(call.Connection)
}

// judge holds what was found against what it must be about.
func (s *session) judge(ctx context.Context, found om.Status, in schemas.PaymentLookupInput) schemas.PaymentLookupOutput {
	want := om.Expected{Reference: in.OperatorReference, Amount: in.Amount, Number: in.MSISDN}
	if list := found.Differences(want); len(list) > 0 {
		return schemas.PaymentLookupOutput{Result: schemas.LookupFoundDifferent, Differences: list, Raw: found.Raw}
	}
	status, result := s.outcomeOf(ctx, found), schemas.LookupFoundPending
	if status.Final() {
		result = schemas.LookupFoundFinal
	}
	return schemas.PaymentLookupOutput{Result: result, Status: status, Raw: found.Raw}
}

// outcomeOf reads the table.
func (s *session) outcomeOf(ctx context.Context, found om.Status) schemas.PaymentStatus {
	o := s.client.Outcome(found)
	if !o.Known {
		slog.WarnContext(ctx, "word of Orange that is not in the table", "status", word(found.Native), "reason", word(found.Code()), "taken_as", o.Status)
	}
	return o.Status
}

const maxWord = 60

// word bounds what a foreign answer may put into the log.
func word(s string) string { return s[:min(len(s), maxWord)] }

// output is how far a payment is, in the engine's words.
func output(status schemas.PaymentStatus, s om.Status) schemas.PaymentOutput {
	return schemas.PaymentOutput{Status: status, Raw: s.Raw}
}
