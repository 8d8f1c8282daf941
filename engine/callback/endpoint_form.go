package callback

import "github.com/afara-dev/afara/engine/domain"

// Form is what is wrong with the form of a body, before anything has looked at
// what it says.
type Form struct{ domain.Form }

func (f Form) sound(pointer string) bool { return f.Sound(pointer) }

// refusal names every fault, those of the form and those of the rules; nil when
// there is none.
func (f Form) refusal(rules []domain.FieldError) error {
	all, more := f.Join(rules)
	if len(all) == 0 {
		return nil
	}
	return invalid(more, all...)
}
