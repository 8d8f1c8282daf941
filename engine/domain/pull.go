package domain

import (
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Pull is one request for the records of a stream after a cursor.
type Pull struct {
	Connection ConnectionRef
	Stream     string
	// Cursor is the position of the last batch that was stored, opaque to all but
	// the connector; empty for the start. It acknowledges what came before it.
	Cursor []byte
	// Limit is how many records there may be at most; 0 leaves it to the connector.
	Limit int
	// Preview is set when nothing will be stored, so nothing is acknowledged.
	Preview bool
}

// PullBatch is some records and the position after them.
type PullBatch struct {
	Records []PulledRecord
	Cursor  []byte
	// CaughtUp: nothing more is there now.
	CaughtUp bool
	// Remaining is how many are left, nil when the vendor does not tell.
	Remaining *int64
	// ConnectorVersion is the version of the program that gave it.
	ConnectorVersion string
}

// PulledRecord is one record of a stream, proved against the stream's schema
// when it has one.
type PulledRecord struct {
	// Key identifies the record among repeats.
	Key string
	// Document carries a schema only when the stream's records are canonical.
	Document   schemas.Document
	OccurredAt time.Time // zero when the vendor does not tell
}
