package domain

import (
	"encoding/json"
	"time"
)

// Event is a fact told to integrators. Its sequence is set by SQL inside the
// transaction that stores it, from the resource's counter.
type Event struct {
	ID           EventID
	Environment  EnvironmentID
	Organisation OrganisationID
	Type         string // e.g. "invoice.signed"
	Resource     string // id of the invoice, payment, ...
	Data         json.RawMessage
	OccurredAt   time.Time
	// CallbackURL is the resource's own receiver, beside registered endpoints.
	CallbackURL string
	// Source says who published it; empty for the engine.
	Source EventSource
}

// EventSource is who published an event.
type EventSource string

const (
	SourceEngine     EventSource = "engine"
	SourceIntegrator EventSource = "integrator"
)

// PartOf makes an Event a part of a Change.
func (Event) PartOf() PartKind { return PartEvent }
