package domain

import "time"

// Stage is a step of a flow, e.g. "sign".
type Stage string

// WorkKind tells messages from deliveries.
type WorkKind string

const (
	WorkMessage  WorkKind = "message"
	WorkDelivery WorkKind = "delivery"
)

// Work is one row of unfinished work: outbox, retry timer and reaper in one.
type Work struct {
	ID          WorkID
	Kind        WorkKind
	Stream      string
	Environment EnvironmentID
	// Connection is empty for deliveries.
	Connection ConnectionID
	// Gate is the key of the gate that may hold this row back.
	Gate       string
	Stage      Stage
	DueAt      time.Time
	Epoch      int64
	Owner      NodeID
	LeaseUntil time.Time
	LostClaims int
	// Suspect counts the deaths of the connector under this row, in a row: such
	// rows run apart, from the second on each alone.
	Suspect     int
	OpenAttempt AttemptID
	FlowVersion int
	// Lane is what rows that must go one after another share; empty for rows
	// that wait for nobody. Rows of a lane go in the order in which they were
	// stored, each when the one before it has ended.
	Lane string
}

// PartOf makes a Work a part of a Change: the row to insert.
func (Work) PartOf() PartKind { return PartWork }

// Envelope is what travels on the bus: enough to claim, nothing to read.
type Envelope struct {
	ID          WorkID
	Kind        WorkKind
	Stage       Stage
	Epoch       int64
	Traceparent string
}
