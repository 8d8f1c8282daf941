package main

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// CollectPayment asks the payer for money (requesttopay). MTN only says that it
// took the request; how it ends, its callback or a look-up tells.
func (c *connector) CollectPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in, func(b *momo.Body) { b.Payer = momo.Number(in.MSISDN) })
}

// DisbursePayment pays out (transfer).
func (c *connector) DisbursePayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in, func(b *momo.Body) { b.Payee = momo.Number(in.MSISDN) })
}

// RefundPayment gives all or part of a collection back (disbursement refund).
func (c *connector) RefundPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentRefundInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in.PaymentInput, func(b *momo.Body) { b.RefundOf = in.Original.OperatorReference })
}

func (c *connector) pay(ctx context.Context, call *sdk.Call, in schemas.PaymentInput, party func(*momo.Body)) (schemas.PaymentOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := s.takes(call.Operation, in); err != nil {
		return schemas.PaymentOutput{}, err
	}
	body := momo.Body{
		Amount: momo.Amount(in.Amount), Currency: in.Currency, ExternalID: in.Reference,
		PayerMessage: momo.Message(or(in.Description, in.Reference)), PayeeNote: momo.Message(in.Reference),
	}
	party(&body)
	err = s.client.Pay(ctx, call.Operation, momo.Order{
		Reference: in.OperatorReference, Body: body, Scenario: in.Scenario,
		CallbackURL: s.callbackURL(call.Operation, in),
	})
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	return schemas.PaymentOutput{Status: schemas.PaymentPending}, nil
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// takes refuses what would not be understood, before anything is sent.
func (s *session) takes(operation string, in schemas.PaymentInput) error {
	switch {
	case !uuid4.MatchString(in.OperatorReference):
		return invalid("/operatorReference", "reference_form", "MTN takes UUIDs of version 4 only, in small letters", "Use the reference that payment.prepare gave.")
	case in.Scenario != "" && !s.sandbox:
		return invalid("/scenario", "scenario_in_production", "a scenario is played in the sandbox only", "Leave scenario out.")
	}
	if err := s.serves(operation); err != nil {
		return err
	}
	return s.fits(in.Country, in.Currency)
}

// callbackURL is where MTN pushes the outcome, with what finds it again: MTN's
// body does not carry the reference. MTN refuses a payment whose callback has
// another host than the API user's, and takes real ones by https alone; without
// one, look-ups tell how it ended.
func (s *session) callbackURL(operation string, in schemas.PaymentInput) string {
	u, err := url.Parse(in.CallbackURL)
	if err != nil || s.settings.CallbackHost == "" || !strings.EqualFold(u.Hostname(), s.settings.CallbackHost) {
		return ""
	}
	if !s.sandbox && (u.Scheme != "https" || u.Port() != "") {
		return ""
	}
	q := u.Query()
	q.Set(queryReference, in.OperatorReference)
	q.Set(queryOperation, operation)
	u.RawQuery = q.Encode()
	return u.String()
}
