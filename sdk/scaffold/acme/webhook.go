package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/afara-dev/afara/sdk"
)

// tolerance is how old a notification may be.
const tolerance = 5 * time.Minute

// notification is what Acme pushes.
type notification struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
}

// HandleWebhook believes a notification only after the signature over time and
// raw body is proved. Without a secret nothing can be proved, and so nothing is
// believed.
func (connector) HandleWebhook(_ context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	var s settings
	if err := in.Connection.Settings(&s); err != nil {
		return nil, err
	}
	if s.WebhookSecret == "" {
		return nil, sdk.Misconfiguredf("webhook_secret_missing", "the connection has no webhookSecret; set the one that Acme shows")
	}
	if !proved(s.WebhookSecret, in) {
		return nil, sdk.Unauthorizedf("signature_refused", "the notification is not signed with this connection's secret, or too old")
	}
	var n notification
	if err := json.Unmarshal(in.Body, &n); err != nil || n.ID == "" {
		return nil, sdk.Invalidf("notification_unreadable", "the notification is no JSON object with an id")
	}
	return &sdk.WebhookResult{
		DedupeKey: n.ID,
		Events:    []sdk.WebhookEvent{{Type: n.Type, Reference: n.Reference, Data: in.Body, OccurredAt: n.At}},
	}, nil
}

func proved(secret string, in *sdk.Webhook) bool {
	timestamp := in.Header.Get("X-Acme-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	if age := in.ReceivedAt.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return false
	}
	given, err := hex.DecodeString(in.Header.Get("X-Acme-Signature"))
	if err != nil {
		return false
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "."))
	m.Write(in.Body)
	return hmac.Equal(given, m.Sum(nil))
}
