package sdk

import (
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Pull is one request for the records of a stream after a cursor.
type Pull struct {
	Connection *Connection
	Stream     string
	// Cursor is opaque to the engine; empty at the first pull. It is what the
	// last stored batch carried.
	Cursor []byte
	// Limit is how many records are wanted at most; 0 leaves it to the
	// connector.
	Limit int
	// Preview is set when nothing will be stored, so nothing may be
	// acknowledged to the vendor.
	Preview bool
}

// Batch is some records and the position after them. The engine stores both in
// one transaction.
type Batch struct {
	Records []Record
	// Cursor is the position after Records.
	Cursor []byte
	// CaughtUp: nothing more is there now.
	CaughtUp bool
	// Remaining is how many are left, nil when the vendor does not tell.
	Remaining *int64
}

// Record is one record of a stream.
type Record struct {
	// Key is stable at the vendor and identifies the record among repeats.
	Key        string
	Document   schemas.Document
	OccurredAt time.Time
}
