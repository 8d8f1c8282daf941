package conformance

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

const fixReadBack = "Take such a push for a hint only: ask the vendor, and answer what it says."

// webhookForged sends a true push, then one that lies about the same thing, then
// one about something that the vendor never heard of.
func webhookForged(ctx context.Context, b *bench, s subject) error {
	number := b.nextNumber()
	p, in, err := b.pushWith(ctx, s, number, time.Now(), "", nil)
	if err != nil {
		return err
	}
	honest, err := b.handle(ctx, p, in)
	if err != nil || honest.GetError() != nil {
		return wrong("an event of a true push", hookSaid(honest, err), "Put that right: see webhook.good.")
	}
	if in.Body, err = b.values.with("n", number).bytes(s.hook.Forged); err != nil {
		return err
	}
	lie, err := b.handle(ctx, p, in)
	if err != nil || lie.GetError() == nil && !sameEvents(honest, lie) {
		return wrong("a classed error, or what the vendor says, for a push that lies", hookSaid(lie, err), fixReadBack)
	}
	unheard := *s.hook
	unheard.After = nil
	s.hook = &unheard
	if p, in, err = b.push(ctx, s, time.Now()); err != nil {
		return err
	}
	out, err := b.handle(ctx, p, in)
	return disbelieved("a push about something that the vendor does not know", out, err)
}

// sameEvents reports whether two answers tell the same, but for the time.
func sameEvents(a, b *connectorpb.HandleWebhookResponse) bool {
	return slices.EqualFunc(a.GetEvents(), b.GetEvents(), func(x, y *connectorpb.WebhookEvent) bool {
		return x.GetType() == y.GetType() && x.GetReference() == y.GetReference() && bytes.Equal(x.GetData(), y.GetData())
	})
}
