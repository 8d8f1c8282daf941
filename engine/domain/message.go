package domain

import (
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// MessageStatus is where a message stands.
type MessageStatus string

const (
	MessageOpen    MessageStatus = "open"
	MessageHeld    MessageStatus = "held"
	MessageSettled MessageStatus = "settled"
)

// Ending is how a settled message ended.
type Ending string

const (
	EndCompleted  Ending = "completed"
	EndRejected   Ending = "rejected"
	EndFailed     Ending = "failed"
	EndSuperseded Ending = "superseded" // a correction took its place
	EndCancelled  Ending = "cancelled"  // a person voided the resource
)

// CodeByHand is the code of the reason why a message ended that a person closed
// as rejected or failed.
const CodeByHand = "resolved_by_hand"

// Message is one run of one flow over one document.
type Message struct {
	ID          MessageID
	Environment EnvironmentID
	Connection  ConnectionID
	Flow        string
	FlowVersion int
	Resource    string
	Document    DocumentID
	Status      MessageStatus
	Outcome     Ending
	Stage       Stage
	// Spent counts the attempts that count against the limit; Waits counts the
	// waits since the last progress, for the backoff.
	Spent, Waits int
	// FirstFailedAt starts the holdAfter clock; zero while nothing went wrong.
	FirstFailedAt time.Time
	LastClass     Class
	LastError     json.RawMessage
	HeldReason    string
	HeldAt        time.Time
	Traceparent   string
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// PartOf makes a Message a part of a Change: the row to insert.
func (Message) PartOf() PartKind { return PartMessage }

// MessageEnd settles a message from outside its walk (void, correction,
// a person's resolve).
type MessageEnd struct {
	ID      MessageID
	Outcome Ending
	At      time.Time
}

// PartOf makes a MessageEnd a part of a Change.
func (MessageEnd) PartOf() PartKind { return PartMessageEnd }

// StoredDocument is an accepted document with its row's id.
type StoredDocument struct {
	ID          DocumentID
	Environment EnvironmentID
	Document    schemas.Document
	CreatedAt   time.Time
}

// PartOf makes a StoredDocument a part of a Change: the row to insert.
func (StoredDocument) PartOf() PartKind { return PartDocument }

// AuditEntry records what a person did.
type AuditEntry struct {
	Environment EnvironmentID
	Actor       string
	Action      string
	Subject     string
	Detail      string
	At          time.Time
}

// PartOf makes an AuditEntry a part of a Change.
func (AuditEntry) PartOf() PartKind { return PartAudit }
