package main

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// What the callback address carries, so that a callback finds its payment.
const (
	queryReference = "reference"
	queryOperation = "operation"
)

// eventUpdated is the event of a callback: Reference is the operator's, the data
// a schemas.PaymentTold.
const eventUpdated = "payment.updated"

// HandleWebhook takes a callback of MTN, by POST or PUT. MTN signs nothing, so
// the callback is only a hint: the status is read back, and that is what counts.
// A callback about nothing that MTN knows, or that claims an end that MTN does
// not tell, is refused.
func (c *connector) HandleWebhook(ctx context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	claim, err := momo.ParseClaim(in.Body)
	if err != nil {
		return nil, sdk.Invalidf("callback_unreadable", "the callback is no JSON object with a status")
	}
	q, err := url.ParseQuery(in.Query)
	reference, operation := q.Get(queryReference), q.Get(queryOperation)
	if err != nil || !uuid4.MatchString(reference) || momo.ProductOf(operation) == "" {
		return nil, sdk.Invalidf("callback_unaddressed", "the callback's address does not carry reference and operation")
	}
	s, err := c.open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := s.serves(operation); err != nil {
		return nil, err
	}
	return s.readBack(ctx, in, claim, operation, reference)
}

func (s *session) readBack(ctx context.Context, in *sdk.Webhook, claim momo.Status, operation, reference string) (*sdk.WebhookResult, error) {
	found, known, err := s.client.Find(ctx, operation, reference)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, sdk.Rejectedf("callback_unknown", "MTN knows no transaction under the callback's reference")
	}
	status, err := outcomeOf(ctx, found)
	if err != nil {
		return nil, err
	}
	if claimed := claim.Outcome().Status; claimed.Final() && claimed != status {
		return nil, sdk.Rejectedf("callback_untrue", "the callback claims %s, MTN says %s", claimed, status)
	}
	data, err := json.Marshal(told(status, found))
	if err != nil {
		return nil, sdk.Internalf("event_unwritable", "%w", err)
	}
	return &sdk.WebhookResult{
		DedupeKey: reference + " " + string(status),
		Events:    []sdk.WebhookEvent{{Type: eventUpdated, Reference: reference, Data: data, OccurredAt: in.ReceivedAt}},
	}, nil
}

// told is what MTN says when it is asked, with what its record is about.
func told(status schemas.PaymentStatus, s momo.Status) schemas.PaymentTold {
	about := s.About()
	return schemas.PaymentTold{PaymentOutput: output(status, s), Amount: about.Amount, Currency: about.Currency, MSISDN: about.Number}
}

// output is how far a payment is, in the engine's words.
func output(status schemas.PaymentStatus, s momo.Status) schemas.PaymentOutput {
	return schemas.PaymentOutput{Status: status, ProviderTxID: s.ID, Raw: s.Raw}
}
