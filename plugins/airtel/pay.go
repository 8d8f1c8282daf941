package main

import (
	"context"
	"regexp"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// body composes what an operation sends; it may ask Airtel first.
type body func(ctx context.Context, s *session) (airtel.Body, error)

// CollectPayment asks the payer for money (USSD push). Airtel's answer only
// says that it took the request; how it ends, its callback or a look-up tells.
func (c *connector) CollectPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in, func(_ context.Context, s *session) (airtel.Body, error) {
		return airtel.Body{
			Reference:  in.OperatorReference,
			Subscriber: &airtel.Party{Country: in.Country, Currency: in.Currency, MSISDN: airtel.Number(in.MSISDN, s.settings.NumberForm)},
			Transaction: airtel.Transaction{
				Amount: in.Amount, Country: in.Country, Currency: in.Currency, ID: in.OperatorReference,
			},
		}, nil
	})
}

// DisbursePayment pays out. Airtel may answer with the end at once.
func (c *connector) DisbursePayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in, func(_ context.Context, s *session) (airtel.Body, error) {
		return airtel.Body{
			Payee:       &airtel.Party{MSISDN: airtel.Number(in.MSISDN, s.settings.NumberForm)},
			Reference:   in.OperatorReference,
			Transaction: airtel.Transaction{Amount: in.Amount, ID: in.OperatorReference, Type: s.settings.PayoutType},
		}, nil
	})
}

// RefundPayment gives a collection back, all of it: Airtel has no other refund.
// What it sends holds Airtel's id of the collection and nothing of ours.
func (c *connector) RefundPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentRefundInput) (schemas.PaymentOutput, error) {
	return c.pay(ctx, call, in.PaymentInput, func(ctx context.Context, s *session) (airtel.Body, error) {
		if in.Amount != in.Original.Amount {
			return airtel.Body{}, sdk.Unsupportedf("refund_in_part", "Airtel gives a collection back as a whole: %d of %d is not possible", in.Amount, in.Original.Amount)
		}
		id, err := s.moneyID(ctx, in.Original)
		return airtel.Body{Transaction: airtel.Transaction{MoneyID: id}}, err
	})
}

// moneyID is Airtel's id of a collection, asked for where it was never told.
func (s *session) moneyID(ctx context.Context, original schemas.PaymentOriginal) (string, error) {
	if original.ProviderTxID != "" {
		return original.ProviderTxID, nil
	}
	found, known, err := s.client.Find(ctx, schemas.OpPaymentCollect, original.OperatorReference)
	if err != nil {
		return "", err
	}
	if !known || found.ID == "" {
		return "", sdk.Rejectedf("not_found", "Airtel has no id for the collection, so there is nothing to refund")
	}
	return found.ID, nil
}

func (c *connector) pay(ctx context.Context, call *sdk.Call, in schemas.PaymentInput, compose body) (schemas.PaymentOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := s.takes(call.Operation, in); err != nil {
		return schemas.PaymentOutput{}, err
	}
	defer s.share(ctx, call.Connection)
	b, err := compose(ctx, s)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	answer, err := s.client.Pay(ctx, call.Operation, airtel.Order{Body: b, Scenario: in.Scenario})
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	status, err := outcomeOf(ctx, call.Operation, answer)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	return output(status, answer), nil
}

// referenceForm is Airtel's rule, 4 to 64 letters and digits, and our letter.
var referenceForm = regexp.MustCompile(`^[CDR][0-9A-Za-z]{3,63}$`)

// takes refuses what would not be understood, before anything is sent.
func (s *session) takes(operation string, in schemas.PaymentInput) error {
	of, formed := operationOf(in.OperatorReference)
	switch {
	case !formed || of != operation:
		return invalid("/operatorReference", "reference_form", "Airtel takes 4 to 64 letters and digits; the first letter tells the operation", "Use the reference that payment.prepare gave.")
	case in.Scenario != "" && !s.sandbox:
		return invalid("/scenario", "scenario_in_production", "a scenario is played in the sandbox only", "Leave scenario out.")
	}
	if err := s.serves(operation); err != nil {
		return err
	}
	return s.fits(in.Country, in.Currency)
}

// output is how far a payment is, in the engine's words.
func output(status schemas.PaymentStatus, a airtel.Answer) schemas.PaymentOutput {
	return schemas.PaymentOutput{Status: status, ProviderTxID: a.ID, Raw: a.Raw}
}
