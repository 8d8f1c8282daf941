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
	PartWork        PartKind = "work"
	PartWorkCancel  PartKind = "work_cancel"
	PartWorkRelease PartKind = "work_release"
	PartWorkClose   PartKind = "work_close"
	PartWorkNone    PartKind = "work_none"
	PartWorkWake    PartKind = "work_wake"
	PartWorkNews    PartKind = "work_news"
	PartMessage     PartKind = "message"
	PartMessageEnd  PartKind = "message_end"
	PartAttempt     PartKind = "attempt"
	PartDocument    PartKind = "document"
	PartEvent       PartKind = "event"
	PartAudit       PartKind = "audit"
	PartLedger      PartKind = "ledger"
	PartUnbilled    PartKind = "unbilled"
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
	// Suspect counts the ends of the connector's process while the message was
	// in flight, in a row: next time it runs apart.
	Suspect int
	// Lane is the row's lane: when the row is done, the next one of it is due.
	Lane string
}

// WorkCancel removes a row that a person takes back (void, correction). It
// fences a running worker off and is refused while an effect is in doubt.
type WorkCancel struct {
	ID WorkID
	// Refused is the caller's error when an attempt is open or the row is gone.
	Refused error
}

// PartOf makes a WorkCancel a part of a Change.
func (WorkCancel) PartOf() PartKind { return PartWorkCancel }

// WorkRelease gives a held row back to the workers, from its present stage; a
// stage that was ever sent re-enters at its look-up.
type WorkRelease struct {
	ID    WorkID
	DueAt time.Time
	// Forget drops the open attempt, so that the stage sends again: only a
	// person's explicit resend sets it.
	Forget bool
	// Refused is the caller's error when the row is not held.
	Refused error
}

// PartOf makes a WorkRelease a part of a Change.
func (WorkRelease) PartOf() PartKind { return PartWorkRelease }

// WorkClose removes a held row that a person settles with evidence.
type WorkClose struct {
	ID          WorkID
	OpenAttempt AttemptID
	Refused     error
}

// PartOf makes a WorkClose a part of a Change.
func (WorkClose) PartOf() PartKind { return PartWorkClose }

// WorkNone says that a connection has no unfinished work, held rows among it,
// and lets none be added before the commit.
type WorkNone struct {
	Connection ConnectionID
	// Refused is the caller's error when there is some.
	Refused error
}

// PartOf makes a WorkNone a part of a Change.
func (WorkNone) PartOf() PartKind { return PartWorkNone }
