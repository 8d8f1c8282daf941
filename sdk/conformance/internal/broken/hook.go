package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk"
)

// HandleWebhook verifies an HMAC over time and body.
func (connector) HandleWebhook(ctx context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	if strings.HasPrefix(mode, "readback.") {
		return readBack(ctx, in)
	}
	var s settings
	if err := in.Connection.Settings(&s); err != nil {
		return nil, err
	}
	if s.HookSecret == "" && mode != "webhook.no_secret" {
		return nil, sdk.Misconfiguredf("secret_missing", "the connection has no secret")
	}
	if !believed(s, in) {
		return nil, sdk.Unauthorizedf("signature_refused", "not signed with this connection's secret, or too old")
	}
	key := string(in.Body)
	if mode == "webhook.repeat" {
		key = rand.Text()
	}
	result := &sdk.WebhookResult{DedupeKey: key, Events: []sdk.WebhookEvent{{Type: "document.registered", Data: in.Body}}}
	if mode == "webhook.good" {
		result.Events = nil
	}
	return result, nil
}

func believed(s settings, in *sdk.Webhook) bool {
	given, at := in.Header.Get("X-Signature"), in.Header.Get("X-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || in.ReceivedAt.Sub(time.Unix(seconds, 0)) > 5*time.Minute && mode != "webhook.old" {
		return false
	}
	body := in.Body
	if mode == "webhook.body" {
		body = bytes.TrimSpace(body)
	}
	m := hmac.New(sha256.New, []byte(s.HookSecret))
	m.Write([]byte(at + "."))
	m.Write(body)
	want := hex.EncodeToString(m.Sum(nil))
	switch mode {
	case "webhook.missing":
		return given == "" || hmac.Equal([]byte(given), []byte(want))
	case "webhook.signature":
		return len(given) == len(want) && given[:8] == want[:8]
	case "webhook.all":
		return true
	}
	return hmac.Equal([]byte(given), []byte(want))
}

// readBack takes a push for a hint and asks the registry about the document that
// the push's address names.
func readBack(ctx context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	q, err := url.ParseQuery(in.Query)
	if err != nil {
		return nil, sdk.Invalidf("query_unreadable", "%w", err)
	}
	found, err := find(ctx, &sdk.Call{Connection: in.Connection}, reference{q.Get("reference")})
	if err != nil {
		return nil, err
	}
	if !found.Found && mode != "readback.unheard" {
		return nil, sdk.Rejectedf("document_unknown", "the registry has no such document")
	}
	data, err := json.Marshal(found)
	if mode == "readback.believes" {
		data = in.Body
	}
	return &sdk.WebhookResult{
		DedupeKey: q.Get("reference"), Events: []sdk.WebhookEvent{{Type: "document.registered", Reference: q.Get("reference"), Data: data}},
	}, err
}
