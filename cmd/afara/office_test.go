package main

import (
	"reflect"
	"testing"

	"github.com/afara-dev/afara/engine/config"
)

// TestCommandsShareTheSettingsOfServe: one variable must not mean two things,
// nor one setting have two defaults.
func TestCommandsShareTheSettingsOfServe(t *testing.T) {
	t.Parallel()
	rows, err := config.Table()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]config.Row{}
	for _, r := range rows {
		known[r.Name] = r
	}
	for _, flags := range []any{installation{}, catalog{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(flags)) {
			name := f.Tag.Get("name")
			r, ok := known[name]
			if !ok || r.Variable != f.Tag.Get("var") || r.Default != f.Tag.Get("default") {
				t.Errorf("%s has variable %q and default %q, afara serve %+v", name, f.Tag.Get("var"), f.Tag.Get("default"), r)
			}
		}
	}
}
