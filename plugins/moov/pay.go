package main

import (
	"context"
	"log/slog"

	"github.com/afara-dev/afara/plugins/moov/internal/flooz"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// CollectPayment asks the payer for money. Over SOAP Moov only says that it took
// the request (PushWithPending) and a look-up tells how it ends; over REST its
// answer waits for the payer.
func (c *connector) CollectPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in)
}

// DisbursePayment pays out (transferFlooz, cashout).
func (c *connector) DisbursePayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in)
}

// RefundPayment gives all or part of a collection back. Moov has no call for it
// and binds it to nothing: it is a payout to the payer.
func (c *connector) RefundPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentRefundInput) (schemas.PaymentOutput, error) {
	if in.Amount > in.Original.Amount {
		return schemas.PaymentOutput{}, invalid("/amount", "above_original", "the refund is above what was collected", "Give back what was collected at most.")
	}
	return c.pay(ctx, call, in.PaymentInput)
}

func (c *connector) pay(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := s.takes(in); err != nil {
		return schemas.PaymentOutput{}, err
	}
	answer, err := s.client.Pay(ctx, call.Operation, flooz.Order{
		Reference: in.OperatorReference, Number: in.MSISDN, Amount: in.Amount, Currency: in.Currency,
		Message: flooz.Message(or(in.Description, in.Reference)), Note: flooz.Message(in.Reference), Scenario: in.Scenario,
	})
	remember(call, answer.ID)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	return schemas.PaymentOutput{Status: outcomeOf(ctx, answer), ProviderTxID: answer.ID, Raw: answer.Raw}, nil
}

// takes refuses what would not be understood, before anything is sent.
func (s *session) takes(in schemas.PaymentInput) error {
	if in.Scenario != "" && !s.sandbox {
		return invalid("/scenario", "scenario_in_production", "a scenario is played in the sandbox only", "Leave scenario out.")
	}
	return s.fits(in.Country, in.Currency)
}

// outcomeOf reads the table.
func outcomeOf(ctx context.Context, a flooz.Answer) schemas.PaymentStatus {
	o := a.Outcome()
	if !o.Known {
		slog.WarnContext(ctx, "code of Moov that is not in the table", "code", word(a.Code), "taken_as", o.Status)
	}
	return o.Status
}

const maxWord = 60

// word bounds what a foreign answer may put into the log.
func word(s string) string { return s[:min(len(s), maxWord)] }
