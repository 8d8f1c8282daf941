package conformance

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const fixDoubt = "Once the first byte of a request with an effect is out, every class but the vendor's own answer is unknown_outcome; sdk/httpclient sees to it, other clients call MarkBegan."

func effectChecks() []check {
	each := operations("no operation has an effect", withEffect)
	keyed := operations("no operation has a keyed effect", func(_ *bench, s subject) string {
		if s.operation.Effect != schemas.EffectKeyed {
			return leaveOut
		}
		return ""
	})
	return []check{
		{"effect.lost", "An effect whose answer is lost is an unknown outcome, and its request goes out once.", needsVendor, each, effectPlay(loses)},
		{"effect.silent", "An effect that is never answered is an unknown outcome within the operation's deadline, and its request goes out once.", needsVendor, each, effectSilent},
		{"effect.down", "An effect that is answered with a 503 is an unknown outcome.", needsVendor, each, effectDown},
		{"effect.unreadable", "An effect that is answered with a web page is an unknown outcome.", needsVendor, each, effectPlay(answersChanges(webPage()))},
		{"effect.late", "After the call's deadline no request with an effect is begun.", needsVendor, each, effectLate},
		{"effect.repeated", "The same key a second time is a result or an unknown outcome, never a refusal.", needsVendor, keyed, effectRepeated},
	}
}

// effect is an operation with an effect that is about to be called.
type effect struct {
	p      *process
	conn   *connectorpb.Connection
	vendor *vendor
	f      *filled
}

// effectOn prepares an operation's first case with a well-behaved vendor and
// gives the call to make with one that plays.
func (b *bench) effectOn(ctx context.Context, s subject, p play, changes map[string]any) (*effect, error) {
	proc, healthy, _, err := b.ready(nil, nil)
	if err != nil {
		return nil, err
	}
	if !b.changes(ctx, s.cases[0]) {
		return nil, skip("%s sends nothing that changes something: only a request that is no GET, HEAD or OPTIONS and not listed in harmless does", s.name)
	}
	f, err := b.prepared(ctx, proc, healthy, s.cases[0])
	if err != nil {
		return nil, err
	}
	_, conn, v, err := b.ready(p, changes)
	return &effect{proc, conn, v, f}, err
}

// changes reports whether a case sends a request that changes something.
func (b *bench) changes(ctx context.Context, c *Case) bool {
	if known, ok := b.alters[c.Name]; ok {
		return known
	}
	p, conn, v, err := b.ready(nil, nil)
	if err != nil {
		return false
	}
	f, err := b.prepared(ctx, p, conn, c)
	if err != nil {
		return false
	}
	_, before := v.counts()
	b.invoke(ctx, p, conn, f, nil)
	_, after := v.counts()
	b.alters[c.Name] = after > before
	return after > before
}

// doubts holds an answer and what the vendor saw to the rule of the doubt.
func (e *effect) doubts(a answer) error {
	if a.class() != connectorpb.Class_CLASS_UNKNOWN_OUTCOME {
		return wrong("unknown_outcome", a.said(), fixDoubt)
	}
	if _, n := e.vendor.counts(); n != 1 {
		return wrong("one request that changes something", fmt.Sprintf("%d", n), "Send a request with an effect once in a call and never again by yourself; the engine looks it up first.")
	}
	return nil
}

func effectPlay(p play) func(context.Context, *bench, subject) error {
	return func(ctx context.Context, b *bench, s subject) error {
		e, err := b.effectOn(ctx, s, p, nil)
		if err != nil {
			return err
		}
		return e.doubts(b.invoke(ctx, e.p, e.conn, e.f, nil))
	}
}

func effectDown(ctx context.Context, b *bench, s subject) error {
	return effectPlay(answersChanges(b.unavailable()))(ctx, b, s)
}

// patience is how much longer than an operation's deadline its answer may take.
const patience = 5 * time.Second

func effectSilent(ctx context.Context, b *bench, s subject) error {
	e, err := b.effectOn(ctx, s, keepsSilent, b.cases.Impatient)
	if err != nil {
		return err
	}
	limit := time.Duration(s.operation.Deadline) + patience
	if b.cases.Impatient != nil {
		limit = min(limit, 2*patience)
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := b.invokeWithin(within, e.p, e.conn, e.f, nil)
	if within.Err() != nil {
		return wrong(fmt.Sprintf("an answer within %s while the vendor says nothing", limit), "none",
			"Wait for the vendor less long than the operation's deadline; give the settings that shorten it in impatient.")
	}
	return e.doubts(a)
}

func effectLate(ctx context.Context, b *bench, s subject) error {
	e, err := b.effectOn(ctx, s, nil, nil)
	if err != nil {
		return err
	}
	a := b.invoke(ctx, e.p, e.conn, e.f, func(in *connectorpb.InvokeRequest) {
		in.DeadlineUnixMicros = time.Now().Add(-time.Second).UnixMicro()
	})
	if _, n := e.vendor.counts(); n != 0 {
		return wrong("no request with an effect after deadline_unix_micros", fmt.Sprintf("%d", n), "Look at the deadline right before the first byte of a request with an effect; sdk/httpclient does.")
	}
	if a.class() != connectorpb.Class_CLASS_UNAVAILABLE {
		return wrong("unavailable after the deadline", a.said(), "Nothing was begun: say unavailable.")
	}
	return nil
}

func effectRepeated(ctx context.Context, b *bench, s subject) error {
	e, err := b.effectOn(ctx, s, nil, nil)
	if err != nil {
		return err
	}
	if a := b.invoke(ctx, e.p, e.conn, e.f, nil); !a.ok() {
		return wrong("a result the first time", a.said(), "Put that right: see invoke.valid.")
	}
	a := b.invoke(ctx, e.p, e.conn, e.f, nil)
	if a.ok() || a.class() == connectorpb.Class_CLASS_UNKNOWN_OUTCOME {
		return nil
	}
	return wrong("a result, or unknown_outcome, for the same key a second time", a.said(),
		"The vendor's word that a reference is used does not say by whom: answer unknown_outcome, and the engine looks it up.")
}
