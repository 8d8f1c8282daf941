package schemas

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// minSettles is the least SettlesAfter of an effect: the engine resends on the
// strength of it.
const minSettles = 30 * time.Second

// ParseManifest reads and checks a manifest: its form, that its own schemas
// compile, and that what it says of effects and look-ups hangs together. The
// error is a *ValidationError with every fault.
func ParseManifest(raw []byte) (*Manifest, error) {
	if err := Validate(ManifestV1, raw); err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("parse manifest: %w", err)
	}
	if faults := m.faults(); len(faults) > 0 {
		return nil, &ValidationError{Schema: ManifestV1, Violations: faults}
	}
	return m, nil
}

func (m *Manifest) faults() []Violation {
	var out []Violation
	out = append(out, schemaFault("/settings", m.Settings)...)
	for i := range m.Operations {
		out = append(out, m.operationFaults(i)...)
	}
	out = append(out, repeated("/operations", m.Operations, func(o Operation) string { return o.Name })...)
	out = append(out, repeated("/streams", m.Streams, func(s Stream) string { return s.Name })...)
	out = append(out, repeated("/webhooks", m.Webhooks, func(w WebhookKind) string { return w.Name })...)
	for _, v := range repeated("/errors", m.Errors, func(e ErrorCode) string { return e.Code }) {
		v.Pointer = strings.TrimSuffix(v.Pointer, "/name") + "/code"
		out = append(out, v)
	}
	if key := m.ReferenceKey; key != nil {
		if _, err := regexp.Compile(key.Pattern); err != nil {
			out = append(out, Violation{"/referenceKey/pattern", "pattern", "The pattern does not compile.", "Write a regular expression in RE2 syntax."})
		}
	}
	return append(out, m.rateFaults()...)
}

func (m *Manifest) operationFaults(i int) []Violation {
	op, at := m.Operations[i], fmt.Sprintf("/operations/%d", i)
	out := append(schemaFault(at+"/input", op.Input), schemaFault(at+"/output", op.Output)...)
	_, standard := catalog()[OperationInput(op.Name)]
	own := strings.HasPrefix(op.Name, m.Name+".")
	switch {
	case standard && (op.Input != nil || op.Output != nil):
		out = append(out, Violation{at, "standard_operation", "A standard operation has its schemas already.", "Take input and output out."})
	case !standard && !own:
		out = append(out, Violation{at + "/name", "operation_name", "This is no standard operation and does not begin with the connector's name.", "Name it " + m.Name + ".<verb>."})
	case own && !standard && (op.Input == nil || op.Output == nil):
		out = append(out, Violation{at, "operation_schema", "An operation of the connector's own needs its schemas.", "Add input and output, each a JSON Schema."})
	}
	return append(out, m.effectFaults(op, at)...)
}

// effectFaults holds an operation with an effect to what the engine needs
// after a doubt.
func (m *Manifest) effectFaults(op Operation, at string) []Violation {
	if op.Effect == EffectNone {
		return nil
	}
	var out []Violation
	if time.Duration(op.SettlesAfter) < minSettles {
		out = append(out, Violation{at + "/settlesAfter", "settles_after", "An effect settles no sooner than 30 s after its deadline.", "Write how long the vendor may still act, at least \"30s\"."})
	}
	if op.Lookup == "" && op.Effect == EffectKeyed {
		out = append(out, Violation{at + "/lookup", "required", "A keyed effect needs a look-up.", "Name the operation that finds out what became of it."})
	}
	if op.Lookup == "" {
		return out
	}
	if found, ok := m.Operation(op.Lookup); !ok || found.Effect != EffectNone {
		out = append(out, Violation{at + "/lookup", "lookup", "The look-up is no operation of this manifest with effect \"none\".", "Name one, or add it."})
	}
	return out
}

func (m *Manifest) rateFaults() []Violation {
	var out []Violation
	for i, limit := range m.RateLimits {
		for j, name := range limit.Operations {
			if _, ok := m.Operation(name); !ok {
				out = append(out, Violation{fmt.Sprintf("/rateLimits/%d/operations/%d", i, j), "operation_name", "There is no such operation in this manifest.", "Name one of operations."})
			}
		}
	}
	return out
}

func schemaFault(pointer string, raw json.RawMessage) []Violation {
	if raw == nil {
		return nil
	}
	if _, err := Compile(raw); err != nil {
		return []Violation{{pointer, "schema", "This is not a usable JSON Schema: " + err.Error() + ".", "Write a closed schema of draft 2020-12 that refers to its own parts only."}}
	}
	return nil
}

func repeated[T any](pointer string, list []T, name func(T) string) []Violation {
	var out []Violation
	var seen []string
	for i, item := range list {
		if slices.Contains(seen, name(item)) {
			out = append(out, Violation{fmt.Sprintf("%s/%d/name", pointer, i), "duplicate_name", "The name stands twice in the list.", "Give each a name of its own."})
		}
		seen = append(seen, name(item))
	}
	return out
}
