package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func invokeChecks() []check {
	each := operations("the manifest has no operations", nil)
	return []check{
		{"invoke.valid", "Valid input gives a result that is valid against the operation's output schema.", needsSettings, each, invokeValid},
		{"invoke.invalid", "Input that breaks the schema is answered as invalid or rejected, and nothing is sent that changes anything.", needsSettings, each, invokeInvalid},
		{"invoke.unknown", "An operation that it does not have is answered as unsupported.", needsSettings, nil, invokeUnknown},
		{"invoke.connection", "A connection that this process has not seen is answered as connection_unknown, and known once it was told.", needsSettings, nil, invokeConnection},
		{"invoke.settings", "A call on a connection without a required setting is answered as misconfigured.", needsSettings, nil, invokeSettings},
	}
}

func invokeValid(ctx context.Context, b *bench, s subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	for _, c := range s.cases {
		f, err := b.prepared(ctx, p, conn, c)
		if err != nil {
			return err
		}
		if faults := faultLines(inputOf(s.operation)(f.params)); len(faults) > 0 {
			return wrong("valid parameters in case "+c.Name, "these faults:\n"+strings.Join(faults, "\n")+"\n", "Correct the case.")
		}
		a := b.invoke(ctx, p, conn, f, nil)
		if err := b.fits(s, f, a); err != nil {
			return err
		}
	}
	return nil
}

// fits holds an answer to what the operation and the case say of it.
func (b *bench) fits(s subject, f *filled, a answer) error {
	c := f.of
	switch {
	case !a.ok():
		return wrong("a result of case "+c.Name, a.said(), "Answer a result to valid input, or correct the case.")
	case len(a.state) > sdk.MaxStateBytes:
		return wrong("a state of at most 16 KiB", "a larger one", "Keep in the state only what the next attempt needs.")
	}
	if faults := faultLines(outputOf(s.operation)(a.result)); len(faults) > 0 {
		return wrong("a result that the output schema accepts", "these faults:\n"+strings.Join(faults, "\n")+"\n", "Correct the result or the schema; a host answers internal, or unknown_outcome after an effect.")
	}
	var got map[string]any
	if err := json.Unmarshal(a.result, &got); err != nil && len(c.Expect) > 0 {
		return err
	}
	for name, want := range c.Expect {
		filled, err := b.values.with("n", f.number).json(want)
		if err != nil {
			return err
		}
		given, err := json.Marshal(got[name])
		if err != nil {
			return err
		}
		if !sameJSON(filled, given) {
			return wrong("the member "+name+" of case "+c.Name+" to be "+string(filled), shorten(string(given)), "Correct the result, or expect of the case.")
		}
	}
	return nil
}

// broken are variants of valid parameters that the schema refuses, by what is
// wrong with them.
func broken(valid []byte, refuses func([]byte) error) map[string][]byte {
	out := map[string][]byte{"no JSON": []byte("{"), "a list": []byte("[]"), "a text": []byte(`"x"`)}
	var tree map[string]any
	_ = json.Unmarshal(valid, &tree) // a case's parameters are an object
	add := func(what string, changed map[string]any) {
		if raw, err := json.Marshal(changed); err == nil && refuses(raw) != nil {
			out[what] = raw
		}
	}
	for name := range tree {
		add("no "+name, merged(tree, map[string]any{name: nil}))
		add(name+" of another type", merged(tree, map[string]any{name: []any{[]any{true}}}))
	}
	add("an unknown member", merged(tree, map[string]any{"conformanceUnknown": "x"}))
	return out
}

func invokeInvalid(ctx context.Context, b *bench, s subject) error {
	p, conn, v, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := s.cases[0]
	f, err := b.prepared(ctx, p, conn, c)
	if err != nil {
		return err
	}
	variants := broken(f.params, inputOf(s.operation))
	_, before := v.counts()
	for _, what := range slices.Sorted(maps.Keys(variants)) {
		a := b.invoke(ctx, p, conn, f, func(in *connectorpb.InvokeRequest) { in.Parameters = variants[what] })
		if !p.alive() {
			return wrong("invalid or rejected for parameters with "+what, a.said(), "Read parameters with care.")
		}
		if class := a.class(); class != connectorpb.Class_CLASS_INVALID && class != connectorpb.Class_CLASS_REJECTED {
			return wrong("invalid or rejected for parameters with "+what, a.said(),
				"Hold the parameters against the operation's input schema before anything is done; the SDK does.")
		}
	}
	if _, after := v.counts(); after != before {
		return wrong("no request that changes something for broken parameters", "one", "Refuse broken parameters before the vendor is asked.")
	}
	return nil
}

// someCase is a case of an operation without an effect that fits, or nil.
func (b *bench) someCase(fits func(*Case) bool) *Case {
	for i := range b.cases.Cases {
		c := &b.cases.Cases[i]
		op, ok := b.manifest.Operation(c.Operation)
		if ok && op.Effect == "none" && len(c.After) == 0 && fits(c) {
			return c
		}
	}
	return nil
}

func anyCase(*Case) bool { return true }

// reaches reports whether a case asks the vendor something. What cannot be told
// counts as no.
func (b *bench) reaches(ctx context.Context, c *Case) bool {
	if known, ok := b.asks[c.Name]; ok {
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
	before, _ := v.counts()
	b.invoke(ctx, p, conn, f, nil)
	after, _ := v.counts()
	b.asks[c.Name] = after > before
	return after > before
}

func invokeUnknown(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	f := &filled{of: &Case{Operation: b.manifest.Name + ".conformance_unknown"}, number: b.nextNumber(), params: []byte("{}")}
	if a := b.invoke(ctx, p, conn, f, nil); a.class() != connectorpb.Class_CLASS_UNSUPPORTED {
		return wrong("unsupported for an operation that the manifest does not have", a.said(), "Answer what is not implemented as unsupported.")
	}
	return nil
}

func invokeConnection(ctx context.Context, b *bench, _ subject) error {
	p, conn, v, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := b.someCase(anyCase)
	if c == nil {
		return skip("no case of an operation without effect")
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return err
	}
	bare := &connectorpb.Connection{Id: conn.Id, Version: conn.Version, Environment: conn.Environment}
	if a := b.invoke(ctx, p, bare, f, nil); !errors.Is(a.err, errUnknownConnection) {
		return wrong("connection_unknown for a connection that was never told", a.said(), "Answer connection_unknown before any work, when settings are empty and (id, version) is not known.")
	}
	if asked, _ := v.counts(); asked != 0 {
		return wrong("nothing asked of the vendor without settings", "a request", "Answer connection_unknown first.")
	}
	if a := b.invoke(ctx, p, conn, f, nil); !a.ok() {
		return wrong("a result once the call carries the settings", a.said(), "Take the settings that a call carries.")
	}
	newer := &connectorpb.Connection{Id: conn.Id, Version: conn.Version + 1, Environment: conn.Environment}
	if a := b.invoke(ctx, p, newer, f, nil); !errors.Is(a.err, errUnknownConnection) {
		return wrong("connection_unknown for a version that was never told", a.said(), "Know a connection by id and version: an older version's settings must not be used.")
	}
	return nil
}

func invokeSettings(ctx context.Context, b *bench, _ subject) error {
	c := b.someCase(func(c *Case) bool { return b.reaches(ctx, c) })
	switch {
	case len(b.required()) == 0:
		return skip("no setting is required")
	case c == nil:
		return skip("no case without effect asks the vendor")
	}
	for _, name := range b.required() {
		p, conn, _, err := b.ready(nil, map[string]any{name: nil})
		if err != nil {
			return err
		}
		f, err := b.fill(c, b.nextNumber())
		if err != nil {
			return err
		}
		if a := b.invoke(ctx, p, conn, f, nil); a.class() != connectorpb.Class_CLASS_MISCONFIGURED {
			return wrong("misconfigured from "+c.Operation+" without the setting "+name, a.said(), "Hold the settings against the schema when they arrive; the SDK does so in Connection.Settings.")
		}
	}
	return nil
}
