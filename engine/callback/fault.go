package callback

import (
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// invalid is a request that breaks rules, which it names; more counts those
// that it does not.
func invalid(more int, faults ...domain.FieldError) error {
	e := &domain.Error{
		Kind: domain.KindInvalid, Code: "invalid_body", Fields: faults,
		Detail: "The body breaks the rules that errors lists. Nothing was done.",
	}
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return e
}

func isChanged(err error) bool { return errors.Is(err, errEndpointChanged) }

// truncate gives a time as SQL keeps it, so that what is answered at creation
// equals what is read later.
func truncate(t time.Time) time.Time { return domain.FromMicros(domain.Micros(t)) }
