package conformance

import (
	"context"

	"github.com/afara-dev/afara/schemas"
)

func stateChecks() []check {
	return []check{
		{"state.process", "What one process began another one finds, with nothing but the state that the call left.", needsSettings,
			operations("no operation has an effect with a look-up", func(b *bench, s subject) string {
				switch {
				case s.operation.Effect == schemas.EffectNone || s.operation.Lookup == "":
					return leaveOut
				case b.lookupOf(s) == nil:
					return "no case of " + s.operation.Lookup + " comes after a case of " + s.name + "; write one, with what it has to find in expect"
				}
				return ""
			}), stateProcess},
	}
}

// lookupOf is the case that looks for the effect of an operation.
func (b *bench) lookupOf(s subject) *Case {
	for _, c := range b.cases.of(s.operation.Lookup) {
		if n := len(c.After); n > 0 {
			if last, err := b.cases.named(c.After[n-1]); err == nil && last.Operation == s.name {
				return c
			}
		}
	}
	return nil
}

func stateProcess(ctx context.Context, b *bench, s subject) error {
	first, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := b.lookupOf(s)
	f, err := b.prepared(ctx, first, conn, c)
	if err != nil {
		return err
	}
	second, err := b.another()
	if err != nil {
		return err
	}
	op, _ := b.manifest.Operation(s.operation.Lookup)
	if err := b.fits(subject{operation: op}, f, b.invoke(ctx, second, conn, f, nil)); err != nil {
		return wrong("the look-up of case "+c.Name+" to find in a new process what an old one did", err.Error(),
			"Keep nothing in the process that a later call needs: what must survive travels in the state.")
	}
	return nil
}
