package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/url"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// eventUpdated is the event of a notification: Reference is the operator's, the
// data a schemas.PaymentOutput.
const eventUpdated = "payment.updated"

// HandleWebhook takes a notification of Orange, which signs nothing: it is only a
// hint, the status is read back, and that is what counts. Reading back needs the
// pay token. With core the address carries it; with webpay it is not known before
// the address is, so
//
//   - the process that began the payment compares the notif_token, reads back
//     and answers what Orange says;
//   - any other process has the connector's mark in the address as the proof,
//     believes nothing of the body and answers PENDING: the event has the engine
//     look the payment up at once, with the pay token from its state.
//
// One that proves nothing, or claims an end that Orange does not tell, is refused.
func (c *connector) HandleWebhook(ctx context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	claim, err := om.ParseNotification(in.Body)
	if err != nil {
		return nil, sdk.Invalidf("notification_unreadable", "the notification is no JSON object")
	}
	q, err := url.ParseQuery(in.Query)
	reference, payToken := q.Get(queryReference), q.Get(queryPayToken)
	if err != nil || !orderID.MatchString(reference) {
		return nil, sdk.Invalidf("notification_unaddressed", "the notification's address does not carry the reference")
	}
	s, err := c.open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	marked := s.marked(reference, payToken, q.Get(queryMark))
	known, began := c.recall.get(in.Connection.ID, reference)
	switch {
	case marked && s.settings.core() && payToken != "":
		return s.readBack(ctx, in, claim, om.Question{Reference: reference, PayToken: payToken})
	case began && subtle.ConstantTimeCompare([]byte(claim.NotifyToken), []byte(known.notifyToken)) != 1:
		return nil, sdk.Rejectedf("notification_forged", "the notification's notif_token is not the one that Orange gave for this payment")
	case began:
		return s.readBack(ctx, in, claim, om.Question{Reference: reference, PayToken: known.payToken, Amount: known.amount})
	case marked:
		sum := sha256.Sum256(in.Body) // repeats are the same bytes
		return event(in, reference, "hint "+hex.EncodeToString(sum[:8]), schemas.PaymentOutput{Status: schemas.PaymentPending})
	}
	return nil, sdk.Rejectedf("notification_unproved", "nothing proves that the notification is Orange's: neither its address nor a payment of this process")
}

func (s *session) readBack(ctx context.Context, in *sdk.Webhook, claim om.Status, q om.Question) (*sdk.WebhookResult, error) {
	found, err := s.client.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	if found.Reference != "" && found.Reference != q.Reference {
		return nil, sdk.Rejectedf("notification_untrue", "the notification's pay token is of another payment")
	}
	status := s.outcomeOf(ctx, found)
	// A failure's reason is not told in a notification: that it failed is what counts.
	if claimed := s.client.Outcome(claim).Status; claimed.Final() && (!status.Final() || succeeded(claimed) != succeeded(status)) {
		return nil, sdk.Rejectedf("notification_untrue", "the notification claims %s, Orange says %s", claimed, status)
	}
	out := output(status, found)
	out.ProviderTxID = shown(q.PayToken)
	return event(in, q.Reference, string(status), out)
}

func succeeded(s schemas.PaymentStatus) bool { return s == schemas.PaymentSuccess }

func event(in *sdk.Webhook, reference, what string, out schemas.PaymentOutput) (*sdk.WebhookResult, error) {
	data, err := json.Marshal(out)
	if err != nil {
		return nil, sdk.Internalf("event_unwritable", "%w", err)
	}
	return &sdk.WebhookResult{
		DedupeKey: reference + " " + what,
		Events:    []sdk.WebhookEvent{{Type: eventUpdated, Reference: reference, Data: data, OccurredAt: in.ReceivedAt}},
	}, nil
}
