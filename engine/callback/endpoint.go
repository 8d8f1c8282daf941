package callback

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Endpoint is a registered receiver of an environment's events.
type Endpoint struct {
	ID           domain.EndpointID
	Environment  domain.EnvironmentID
	Organisation domain.OrganisationID
	URL          string
	// Events are the patterns of what it hears of: a type, "invoice.*" or "*".
	Events      []schemas.EventPattern
	Description string
	// Active endpoints hear of new events. One that the engine has made inactive
	// says why (DisabledGone, DisabledFailing) and since when.
	Active         bool
	DisabledReason string
	DisabledAt     time.Time
	Format         Format
	Retry          Retry
	// RateLimit bounds the attempts per second, MaxInFlight those at once, each
	// on one node; 0 bounds nothing.
	RateLimit, MaxInFlight int
	// Ordered endpoints hear of an event of a resource only when the one before
	// it was delivered or has ended otherwise.
	Ordered bool
	// Headers are sent with every request. Their values may be credentials.
	Headers map[string]string
	// PublicKey verifies the v1a signatures; empty without them.
	PublicKey string
	// Failures counts the attempts that failed since the last that did not.
	Failures     int
	FailingSince time.Time
	Version      int64
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DeletedAt    time.Time

	// secret signs, and previous beside it until previousUntil; signingKey signs
	// v1a.
	secret, previous string
	previousUntil    time.Time
	signingKey       string
}

// secrets are those that sign at a time, the current one first.
func (e *Endpoint) secrets(now time.Time) []string {
	if e.previous != "" && now.Before(e.previousUntil) {
		return []string{e.secret, e.previous}
	}
	return []string{e.secret}
}

// Why the engine made an endpoint inactive.
const (
	DisabledGone    = "gone"    // it answered 410
	DisabledFailing = "failing" // nothing arrived for days
)

// MaxEndpoints is how many endpoints an environment may have.
const MaxEndpoints = 20

// Refusals.
var (
	ErrNoEndpoint = &domain.Error{
		Kind: domain.KindNotFound, Code: "webhook_not_found",
		Detail: "This environment has no webhook of this id: GET /v1/webhooks lists those it has.",
	}
	ErrTooManyEndpoints = &domain.Error{
		Kind: domain.KindConflict, Code: "too_many_webhooks",
		Detail: "An account has at most 20 webhooks: delete one, or let one of them hear of more events.",
	}
	errEndpointChanged = &domain.Error{
		Kind: domain.KindConflict, Code: "webhook_changed",
		Detail: "The webhook was changed by somebody else at the same time: look at it and send the change again.",
	}
)

// abandoned says why nothing more is sent to the endpoint; "" when it is.
func (e *Endpoint) abandoned() Reason {
	switch {
	case !e.DeletedAt.IsZero():
		return ReasonDeleted
	case !e.Active:
		return ReasonDisabled
	}
	return ""
}
