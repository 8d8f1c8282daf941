package domain

import (
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// Form is what is wrong with the form of a body, before anything has looked at
// what it says.
type Form struct {
	Faults []FieldError
	// More counts the faults that are not among those.
	More int
}

// Sound reports whether the form has nothing against a place, nor against what
// it stands in or what stands in it.
func (f Form) Sound(pointer string) bool {
	return !f.repeats(pointer) && !slices.ContainsFunc(f.Faults, func(said FieldError) bool {
		return strings.HasPrefix(said.Pointer, pointer+"/")
	})
}

// repeats reports whether the form has a fault at a place or at what it stands
// in.
func (f Form) repeats(pointer string) bool {
	return slices.ContainsFunc(f.Faults, func(said FieldError) bool {
		return pointer == said.Pointer || strings.HasPrefix(pointer, said.Pointer+"/")
	})
}

// Join names every fault, those of the form and those of the rules, in the
// order of their places, and counts those that are too many to name. A place
// that the form is against has that fault alone.
func (f Form) Join(rules []FieldError) (all []FieldError, more int) {
	all = slices.Clone(f.Faults)
	for _, r := range rules {
		if !f.repeats(r.Pointer) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b FieldError) int { return schemas.ComparePointers(a.Pointer, b.Pointer) })
	all, more = slices.Compact(all), f.More
	if over := len(all) - schemas.MaxViolations; over > 0 {
		all, more = all[:schemas.MaxViolations], more+over
	}
	return all, more
}
