package conformance

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func settingsChecks() []check {
	return []check{
		{"settings.valid", "The settings of the file of cases are valid.", needsSettings, nil, settingsValid},
		{"settings.optional", "Without a setting that the schema does not require Check works, or says what is missing.", needsSettings, nil, settingsOptional},
		{"settings.unknown", "The schema refuses a setting that it does not know.", needsSettings, nil, settingsUnknown},
		{"settings.types", "The schema refuses a value of the wrong type, and names the setting.", needsSettings, nil, settingsTypes},
		{"settings.faults", "Faulty settings that reach the connector are answered as misconfigured, with every faulty field.", needsSettings, nil, settingsFaults},
	}
}

// tryable gives the author's settings and the schema that they are held to.
func (b *bench) tryable() (*schemas.Schema, map[string]any, error) {
	raw, err := b.settings("http://127.0.0.1:9", nil)
	if err != nil {
		return nil, nil, err
	}
	schema, err := schemas.Compile(b.manifest.Settings)
	if err != nil {
		return nil, nil, err
	}
	var tree map[string]any
	err = json.Unmarshal(raw, &tree)
	return schema, tree, err
}

func refusal(schema *schemas.Schema, tree map[string]any) ([]string, error) {
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	return faultsAt(schema.Validate(raw)), nil
}

func settingsValid(_ context.Context, b *bench, _ subject) error {
	schema, tree, err := b.tryable()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	if faults := faultLines(schema.Validate(raw)); len(faults) > 0 {
		return wrong("valid settings in the file of cases", "these faults:\n"+strings.Join(faults, "\n")+"\n", "Correct settings, or the schema in the manifest.")
	}
	return nil
}

// settingsOptional leaves out one setting after the other, where the schema lets
// it be left out.
func settingsOptional(ctx context.Context, b *bench, _ subject) error {
	schema, tree, err := b.tryable()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if faults, err := refusal(schema, merged(tree, map[string]any{name: nil})); err != nil || len(faults) > 0 {
			continue // the schema says what is missing
		}
		p, conn, _, err := b.ready(nil, map[string]any{name: nil})
		if err != nil {
			return err
		}
		a := b.check(ctx, p, conn)
		if class := a.class(); !a.ok() && class != connectorpb.Class_CLASS_MISCONFIGURED && class != connectorpb.Class_CLASS_UNAUTHORIZED {
			return wrong("success, misconfigured or unauthorized from Check without the setting "+name, a.said(),
				"Give it a default, list it in required, or answer misconfigured and name it.")
		}
	}
	return nil
}

func settingsUnknown(_ context.Context, b *bench, _ subject) error {
	schema, tree, err := b.tryable()
	if err != nil {
		return err
	}
	faults, err := refusal(schema, merged(tree, map[string]any{"conformanceUnknown": "x"}))
	if err != nil {
		return err
	}
	if len(faults) == 0 {
		return wrong("a refusal of the setting conformanceUnknown", "no fault", "Close the settings schema with \"additionalProperties\": false; a misspelt setting goes unseen otherwise.")
	}
	return nil
}

func settingsTypes(_ context.Context, b *bench, _ subject) error {
	schema, tree, err := b.tryable()
	if err != nil {
		return err
	}
	for name, value := range tree {
		other := any([]any{[]any{true}})
		if _, isList := value.([]any); isList {
			other = "x"
		}
		faults, err := refusal(schema, merged(tree, map[string]any{name: other}))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(faults, func(at string) bool { return strings.HasPrefix(at, "/"+name) }) {
			return wrong("a fault at /"+name+" when its value has the wrong type", "faults at "+quoted(faults), "Give it a type in the settings schema.")
		}
	}
	return nil
}

// settingsFaults sends what a host would have refused: settings that were valid
// for another version of the connector come this way.
func settingsFaults(ctx context.Context, b *bench, _ subject) error {
	schema, tree, err := b.tryable()
	if err != nil {
		return err
	}
	changes := map[string]any{"conformanceUnknown": "x"}
	for _, name := range b.required() {
		changes[name] = nil
	}
	raw, err := json.Marshal(merged(tree, changes))
	if err != nil {
		return err
	}
	want := faultsAt(schema.Validate(raw))
	if len(want) == 0 {
		return skip("the settings schema finds no fault with anything")
	}
	p, err := b.process()
	if err != nil {
		return err
	}
	a := b.check(ctx, p, b.connectionOf(raw))
	const fix = "Hold the settings against the schema when they arrive, and name each fault in fields; the SDK does so in Connection.Settings."
	if a.class() != connectorpb.Class_CLASS_MISCONFIGURED {
		return wrong("misconfigured from Check with faulty settings", a.said(), fix)
	}
	var got []string
	for _, f := range a.failed.GetFields() {
		got = append(got, f.GetPointer())
	}
	for _, at := range want {
		if !slices.Contains(got, at) {
			return wrong("fields at "+quoted(want), "fields at "+quoted(got), fix)
		}
	}
	return nil
}

func quoted(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return shorten(strings.Join(list, ", "))
}
