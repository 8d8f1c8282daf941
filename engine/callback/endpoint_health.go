package callback

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// health is what an attempt says of its endpoint.
type health struct {
	ID     domain.EndpointID
	Failed bool
	// Disable makes the endpoint inactive for that reason; "" leaves it.
	Disable string
	At      time.Time
}

func (health) PartOf() domain.PartKind { return partHealth }

// writeHealth counts in SQL: attempts of several nodes end at once. A disabled
// endpoint is disabled once, and its change is one of the audience.
func writeHealth(p domain.Part) ([]store.Statement, error) {
	h := p.(health)
	switch {
	case h.Disable != "":
		return []store.Statement{{
			SQL: `UPDATE endpoint SET active = 0, disabled_reason = $1, disabled_at = $2, failures = failures + 1, version = version + 1, updated_at = $2
WHERE id = $3 AND active = 1 AND deleted_at = 0`,
			Args: []any{h.Disable, domain.Micros(h.At), h.ID}, Rows: 1, Err: errEndpointChanged,
		}}, nil
	case h.Failed:
		return []store.Statement{{
			SQL:  `UPDATE endpoint SET failures = failures + 1, failing_since = CASE WHEN failing_since = 0 THEN $1 ELSE failing_since END WHERE id = $2`,
			Args: []any{domain.Micros(h.At), h.ID}, Rows: store.AnyRows,
		}}, nil
	default:
		return []store.Statement{{
			SQL:  `UPDATE endpoint SET failures = 0, failing_since = 0 WHERE id = $1 AND failures > 0`,
			Args: []any{h.ID}, Rows: store.AnyRows,
		}}, nil
	}
}

// disableAfter is how long nothing must have arrived before an endpoint is made
// inactive, and disableFailures how many attempts must have failed meanwhile: a
// receiver that was away while nothing was sent is not given up.
const (
	disableAfter    = 5 * 24 * time.Hour
	disableFailures = 10
)

// healthOf says what an attempt means for its endpoint; false for nothing.
func healthOf(e *Endpoint, r Result, now time.Time) (health, bool) {
	h := health{ID: e.ID, At: now}
	switch {
	case r.Class == ClassDelivered:
		return h, e.Failures > 0
	case r.Class == ClassBlocked:
		return h, false // our guard's word, not the receiver's
	case r.Gone():
		h.Disable = DisabledGone
	case e.Failures >= disableFailures && !e.FailingSince.IsZero() && now.Sub(e.FailingSince) >= disableAfter:
		h.Disable = DisabledFailing
	}
	h.Failed = true
	return h, true
}
