package conformance

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/afara-dev/afara/schemas"
)

// property is what the kit reads of a setting's schema.
type property struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// properties are the settings by name, of the manifest.
func (b *bench) properties() map[string]property {
	var s struct {
		Properties map[string]property `json:"properties"`
	}
	_ = json.Unmarshal(b.manifest.Settings, &s) // no properties, then
	return s.Properties
}

// required are the names that the settings schema requires.
func (b *bench) required() []string {
	var s struct {
		Required []string `json:"required"`
	}
	_ = json.Unmarshal(b.manifest.Settings, &s) // none, then
	return s.Required
}

// faultsAt are the places that a schema finds fault with, sorted.
func faultsAt(err error) []string {
	var v *schemas.ValidationError
	if !errors.As(err, &v) {
		return nil
	}
	var out []string
	for _, one := range v.Violations {
		out = append(out, one.Pointer)
	}
	return sorted(out)
}

// manifestFaults are those of a manifest, each a line.
func manifestFaults(raw []byte) []string {
	_, err := schemas.ParseManifest(raw)
	return faultLines(err)
}

func faultLines(err error) []string {
	var v *schemas.ValidationError
	if !errors.As(err, &v) {
		if err == nil {
			return nil
		}
		return []string{err.Error()}
	}
	var out []string
	for _, one := range v.Violations {
		out = append(out, one.Pointer+": "+one.Detail+" "+one.Fix)
	}
	return out
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
