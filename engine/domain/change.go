package domain

import "time"

// Change is what a service answers: all that shall become true, as data.
// The store commits it in one transaction or not at all.
type Change struct {
	// Work is what becomes of the claimed row; its fence comes first. Nil when
	// nothing is claimed (ingest).
	Work *WorkChange
	// Parts are written by the packages that own the tables, in a fixed order.
	Parts []Part
}

// Add appends parts.
func (c *Change) Add(parts ...Part) { c.Parts = append(c.Parts, parts...) }

// Part is the share of a Change that one package writes.
type Part interface{ PartOf() PartKind }

// PartKind names a kind of part; engine.New registers one writer for each.
type PartKind string

// The kinds that cross packages. A package may define more of its own.
const (
	PartWork     PartKind = "work"
	PartMessage  PartKind = "message"
	PartAttempt  PartKind = "attempt"
	PartDocument PartKind = "document"
	PartEvent    PartKind = "event"
	PartAudit    PartKind = "audit"
)

// WorkMove is what a settling worker does with its row.
type WorkMove string

const (
	// MoveKeep renews the lease and goes on walking.
	MoveKeep WorkMove = "keep"
	// MoveWait releases the row until DueAt.
	MoveWait WorkMove = "wait"
	// MoveHold releases the row for a person.
	MoveHold WorkMove = "hold"
	// MoveDone removes the row: the message has settled.
	MoveDone WorkMove = "done"
)

// WorkChange is the fenced write of a work row.
type WorkChange struct {
	ID    WorkID
	Epoch int64
	Move  WorkMove
	Stage Stage
	DueAt time.Time
	// LeaseUntil renews the lease with MoveKeep.
	LeaseUntil time.Time
	// OpenAttempt is the attempt whose effect is in doubt from now on; empty
	// when there is none.
	OpenAttempt AttemptID
	// Answered resets the count of lost claims: the connector answered, or the
	// row was released in order.
	Answered bool
}
