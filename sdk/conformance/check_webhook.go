package conformance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

const webhookCapability = "webhook"

func webhookChecks() []check {
	return []check{
		{"webhook.good", "A push that the vendor signed is believed, with an event, a key against repeats and an HTTP answer.", needsSettings, hooks, webhookGood},
		{"webhook.repeat", "The same push a second time has the same key.", needsSettings, hooks, webhookRepeat},
		{"webhook.body", "A push whose body was altered is not believed.", needsSettings, hooks, webhookAltered},
		{"webhook.signature", "A push whose signature was altered is not believed.", needsSettings, hooks, webhookSpoilt(alteredSignature)},
		{"webhook.missing", "A push without a signature is not believed.", needsSettings, hooks, webhookSpoilt(noSignature)},
		{"webhook.old", "A push that was signed a day ago is not believed.", needsSettings, hooks, webhookOld},
		{"webhook.no_secret", "Without a secret nothing is believed.", needsSettings, hooks, webhookNoSecret},
		{"webhook.unknown", "A kind that it does not have is answered as unsupported.", needsSettings, hooks, webhookUnknown},
	}
}

func hooks(b *bench) []subject {
	var out []subject
	for _, k := range b.manifest.Webhooks {
		s := subject{name: k.Name, capability: webhookCapability}
		if i := slices.IndexFunc(b.cases.Hooks, func(w Webhook) bool { return w.Kind == k.Name }); i >= 0 {
			s.hook = &b.cases.Hooks[i]
		} else {
			s.none = "the file of cases has no push of kind " + k.Name + "; write one in webhooks"
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		out = append(out, subject{capability: Common, none: "the manifest has no webhooks"})
	}
	return out
}

// push makes a push on a new connection, signed at a time.
func (b *bench) push(ctx context.Context, s subject, at time.Time) (*process, *connectorpb.HandleWebhookRequest, error) {
	return b.pushWith(ctx, s, b.nextNumber(), at, b.secretOf(s.hook), nil)
}

// pushWith makes one under a number, signed with any secret, for a connection
// with changed settings. The cases that it is about come first.
func (b *bench) pushWith(ctx context.Context, s subject, number string, at time.Time, secret string, changes map[string]any) (*process, *connectorpb.HandleWebhookRequest, error) {
	p, conn, _, err := b.ready(nil, changes)
	if err != nil {
		return nil, nil, err
	}
	if _, err := b.before(ctx, p, conn, &Case{After: s.hook.After}, number); err != nil {
		return nil, nil, err
	}
	in, err := s.hook.signed(b.values.with("n", number), at, secret)
	if err != nil {
		return nil, nil, fmt.Errorf("webhook %s: %w", s.name, err)
	}
	in.Connection = conn
	return p, in, nil
}

// secretOf is the setting that a push is signed with.
func (b *bench) secretOf(w *Webhook) string {
	if w.Sign == nil {
		return ""
	}
	text, ok := b.cases.Settings[w.Sign.Secret].(string)
	if !ok {
		return ""
	}
	filled, err := b.values.with("vendor", "").text(text)
	if err != nil {
		return ""
	}
	return filled
}

func (b *bench) handle(ctx context.Context, p *process, in *connectorpb.HandleWebhookRequest) (*connectorpb.HandleWebhookResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, quickLimit)
	defer cancel()
	out, err := p.calls.HandleWebhook(ctx, in)
	b.note("HandleWebhook", out, err)
	if err == nil && out.GetConnectionUnknown() {
		err = errUnknownConnection
	}
	return out, err
}

func hookSaid(out *connectorpb.HandleWebhookResponse, err error) string {
	return said(fmt.Appendf(nil, "%d events, key %q, status %d", len(out.GetEvents()), out.GetDedupeKey(), out.GetReply().GetStatus()), out.GetError(), err)
}

func webhookGood(ctx context.Context, b *bench, s subject) error {
	p, in, err := b.push(ctx, s, time.Now())
	if err != nil {
		return err
	}
	out, err := b.handle(ctx, p, in)
	status := out.GetReply().GetStatus()
	if err != nil || out.GetError() != nil || len(out.GetEvents()) == 0 || out.GetDedupeKey() == "" || status < 200 || status > 599 {
		return wrong("an event, a dedupe_key and the HTTP status of the answer, within 5 s", hookSaid(out, err), "Verify over the raw bytes; correct sign in the file of cases if it does not sign as the vendor does.")
	}
	return nil
}

func webhookRepeat(ctx context.Context, b *bench, s subject) error {
	p, in, err := b.push(ctx, s, time.Now())
	if err != nil {
		return err
	}
	first, firstErr := b.handle(ctx, p, in)
	second, err := b.handle(ctx, p, in)
	if firstErr != nil || err != nil || first.GetDedupeKey() != second.GetDedupeKey() || first.GetError() != nil || second.GetError() != nil {
		return wrong("the same dedupe_key for the same push", hookSaid(first, firstErr)+" and "+hookSaid(second, err), "Take the vendor's own id of the notification; the engine sorts repeats out.")
	}
	return nil
}

const fixHook = "Verify the signature over the raw bytes before anything is read from them, and answer an error when it does not hold."

// disbelieved holds an answer to what is due to a push that proves nothing.
func disbelieved(what string, out *connectorpb.HandleWebhookResponse, err error) error {
	if err == nil && out.GetError() != nil && len(out.GetEvents()) == 0 {
		return nil
	}
	return wrong("a classed error and no events for "+what, hookSaid(out, err), fixHook)
}

func webhookSpoilt(spoil func(*Webhook, *connectorpb.HandleWebhookRequest) (string, error)) func(context.Context, *bench, subject) error {
	return func(ctx context.Context, b *bench, s subject) error {
		p, in, err := b.push(ctx, s, time.Now())
		if err != nil {
			return err
		}
		what, err := spoil(s.hook, in)
		if err != nil {
			return err
		}
		out, err := b.handle(ctx, p, in)
		return disbelieved(what, out, err)
	}
}

// webhookAltered alters a body that is signed, or has one lie that nobody signs.
func webhookAltered(ctx context.Context, b *bench, s subject) error {
	if s.hook.ReadBack {
		return webhookForged(ctx, b, s)
	}
	return webhookSpoilt(alteredBody)(ctx, b, s)
}

// alteredBody adds a blank at the end: JSON means the same after it.
func alteredBody(_ *Webhook, in *connectorpb.HandleWebhookRequest) (string, error) {
	in.Body = append(slices.Clone(in.GetBody()), ' ')
	return "a body with one byte more", nil
}

// proof are the headers that carry the signature.
func (w *Webhook) proof() []string {
	if w.Sign != nil {
		return []string{w.Sign.Header}
	}
	return w.Proof
}

func alteredSignature(w *Webhook, in *connectorpb.HandleWebhookRequest) (string, error) {
	if len(w.proof()) == 0 {
		return "", skip("the file of cases does not say which headers are the proof")
	}
	for _, h := range in.GetHeaders() {
		if !slices.Contains(w.proof(), h.GetName()) {
			continue
		}
		for i, value := range h.GetValues() {
			h.Values[i] = altered(value)
		}
	}
	return "a signature with one character changed", nil
}

// altered changes a character in the middle of a signature: the last one of
// base64 may carry bits that mean nothing.
func altered(text string) string {
	raw := []byte(text)
	if len(raw) == 0 {
		return "0"
	}
	at := len(raw) / 2
	if raw[at] == 'a' {
		raw[at] = 'b'
	} else {
		raw[at] = 'a'
	}
	return string(raw)
}

func noSignature(w *Webhook, in *connectorpb.HandleWebhookRequest) (string, error) {
	if len(w.proof()) == 0 {
		return "", skip("the file of cases does not say which headers are the proof")
	}
	in.Headers = slices.DeleteFunc(in.GetHeaders(), func(h *connectorpb.Header) bool { return slices.Contains(w.proof(), h.GetName()) })
	return "a push without its signature", nil
}

func webhookOld(ctx context.Context, b *bench, s subject) error {
	if s.hook.Sign == nil || !s.hook.timed() {
		return skip("the signature covers no time that the kit could set")
	}
	p, in, err := b.push(ctx, s, time.Now().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	in.ReceivedUnixMicros = time.Now().UnixMicro()
	out, err := b.handle(ctx, p, in)
	return disbelieved("a push that was signed a day ago", out, err)
}

func webhookNoSecret(ctx context.Context, b *bench, s subject) error {
	if s.hook.Sign == nil {
		return skip("the file of cases does not say which setting is the secret")
	}
	if slices.Contains(b.required(), s.hook.Sign.Secret) {
		return skip("the setting %s is required, so it is never missing", s.hook.Sign.Secret)
	}
	// With no key at all anybody can sign.
	for what, secret := range map[string]string{"signed as ever": b.secretOf(s.hook), "signed with an empty key": ""} {
		p, in, err := b.pushWith(ctx, s, b.nextNumber(), time.Now(), secret, map[string]any{s.hook.Sign.Secret: nil})
		if err != nil {
			return err
		}
		out, err := b.handle(ctx, p, in)
		if err := disbelieved("a push on a connection without the secret, "+what, out, err); err != nil {
			return err
		}
	}
	return nil
}

func webhookUnknown(ctx context.Context, b *bench, s subject) error {
	p, in, err := b.push(ctx, s, time.Now())
	if err != nil {
		return err
	}
	in.Kind = "conformance_unknown"
	out, err := b.handle(ctx, p, in)
	if out.GetError().GetClass() != connectorpb.Class_CLASS_UNSUPPORTED {
		return wrong("unsupported for a kind that the manifest does not have", hookSaid(out, err), "Answer a kind that is not implemented as unsupported.")
	}
	return nil
}
