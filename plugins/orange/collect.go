package main

import (
	"context"
	"regexp"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// CollectPayment asks the payer for money. With webpay Orange answers where the
// payer has to go (payment_url, in raw); with core it rings the payer's phone.
// How it ends, a notification or a look-up tells.
func (c *connector) CollectPayment(ctx context.Context, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := s.takes(in); err != nil {
		return schemas.PaymentOutput{}, err
	}
	collect := c.collectByWeb
	if s.settings.core() {
		collect = c.collectByCore
	}
	out, err := collect(ctx, s, call, in)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	return out, s.share(call.Connection)
}

func (c *connector) collectByWeb(ctx context.Context, s *session, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	page, err := s.client.OpenPage(ctx, s.order(in, ""))
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := keep(call, page.PayToken); err != nil {
		return schemas.PaymentOutput{}, err
	}
	c.recall.put(call.Connection.ID, in.OperatorReference, begun{page.PayToken, page.NotifyToken, in.Amount})
	return schemas.PaymentOutput{Status: schemas.PaymentPending, ProviderTxID: shown(page.PayToken), Raw: page.Raw}, nil
}

// collectByCore asks for a pay token first, which moves nothing: it is kept
// before the payment goes out, so that a look-up has it whatever becomes of the
// answer.
func (c *connector) collectByCore(ctx context.Context, s *session, call *sdk.Call, in schemas.PaymentInput) (schemas.PaymentOutput, error) {
	if _, known := om.National(in.MSISDN); !known {
		return schemas.PaymentOutput{}, invalid("/msisdn", "number_foreign", "Orange's core API takes national numbers, and this one is of no country that is known", "Give a number of "+s.settings.Country+".")
	}
	token, err := s.client.PayToken(ctx)
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	if err := keep(call, token); err != nil {
		return schemas.PaymentOutput{}, err
	}
	said, err := s.client.Pay(ctx, token, s.order(in, token))
	if err != nil {
		return schemas.PaymentOutput{}, err
	}
	out := output(s.outcomeOf(ctx, said), said)
	out.ProviderTxID = shown(token)
	return out, nil
}

func (s *session) order(in schemas.PaymentInput, payToken string) om.Order {
	return om.Order{
		Reference: in.OperatorReference, Amount: in.Amount, Name: in.Reference, Text: or(in.Description, in.Reference), Number: in.MSISDN,
		NotifyURL: s.notifyURL(in.CallbackURL, in.OperatorReference, payToken), Scenario: in.Scenario, Simulated: s.sandbox,
	}
}

var orderID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,30}$`)

// takes refuses what would not be understood, before anything is sent.
func (s *session) takes(in schemas.PaymentInput) error {
	switch {
	case !orderID.MatchString(in.OperatorReference):
		return invalid("/operatorReference", "reference_form", "Orange takes order ids of at most 30 letters, digits, dots, dashes and underscores", "Use the reference that payment.prepare gave.")
	case in.Scenario != "" && !s.sandbox:
		return invalid("/scenario", "scenario_in_production", "a scenario is played in the sandbox only", "Leave scenario out.")
	}
	return s.fits(in.Country, in.Currency)
}
