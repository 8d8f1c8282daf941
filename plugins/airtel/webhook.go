package main

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// eventUpdated is the event of a callback: Reference is the operator's, the data
// a schemas.PaymentOutput.
const eventUpdated = "payment.updated"

// HandleWebhook takes a callback of Airtel. With a callbackKey it carries a hash
// that must hold; without one nothing proves it. Either way it is only a hint:
// the status is read back, and that is what counts. A callback about nothing that
// Airtel knows, or that claims an end that Airtel does not tell, is refused.
func (c *connector) HandleWebhook(ctx context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	claim, err := airtel.ParseCallback(in.Body)
	if err != nil {
		return nil, sdk.Invalidf("callback_unreadable", "%w", err)
	}
	s, err := c.open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	if key := s.settings.CallbackKey; key != "" && !claim.Holds(key) {
		return nil, sdk.Rejectedf("callback_forged", "the callback carries no hash that was made with the connection's callbackKey")
	}
	operation, ours := operationOf(claim.Reference)
	if !ours || operation == schemas.OpPaymentRefund {
		return nil, sdk.Rejectedf("callback_unknown", "no reference of this connector is like the callback's")
	}
	return s.readBack(ctx, in, claim, operation)
}

func (s *session) readBack(ctx context.Context, in *sdk.Webhook, claim airtel.Callback, operation string) (*sdk.WebhookResult, error) {
	found, known, err := s.client.Find(ctx, operation, claim.Reference)
	if err != nil {
		return nil, err
	}
	if !known || len(found.Differences(claim.Reference)) > 0 {
		return nil, sdk.Rejectedf("callback_unknown", "Airtel knows no transaction under the callback's reference")
	}
	status, err := outcomeOf(ctx, operation, found)
	if err != nil {
		return nil, err
	}
	if claim.Contradicts(status) {
		return nil, sdk.Rejectedf("callback_untrue", "the callback claims %s, Airtel says %s", word(claim.State), status)
	}
	data, err := json.Marshal(output(status, found))
	if err != nil {
		return nil, sdk.Internalf("event_unwritable", "%w", err)
	}
	return &sdk.WebhookResult{
		DedupeKey: claim.Reference + " " + string(status),
		Events:    []sdk.WebhookEvent{{Type: eventUpdated, Reference: claim.Reference, Data: data, OccurredAt: in.ReceivedAt}},
	}, nil
}
