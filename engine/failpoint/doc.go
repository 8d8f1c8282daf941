// Package failpoint marks the moments at which a crash is most telling. In a
// normal build Hit does nothing and is inlined away; built with the tag
// afara_failpoints it kills the process at the point that AFARA_FAILPOINT
// names, so that the promises of the README are tested where they could break.
// There the engine's clock can also run faster than the real one (Pace).
package failpoint

// The points, in the order in which an invoice meets them.
const (
	Claimed        = "claimed"
	SentStored     = "sent_stored"
	RequestWritten = "request_written" // lives in sdk/httpclient
	AnswerReceived = "answer_received"
	Settled        = "settled"
	Published      = "published"
	Acked          = "acked"
)

// The points that only an event meets: its rows are stored and nobody was told
// of them; its delivery is claimed and nothing was sent; the receiver's answer
// is in and not stored.
const (
	Stored           = "stored"
	DeliveryStarted  = "delivery_started"
	DeliveryAnswered = "delivery_answered"
)

// The points that only a change of the catalog meets: a package is unpacked, on
// the disk, in its place; the new lock is written, and in force.
const (
	ConnectorUnpacked = "connector_unpacked"
	ConnectorSynced   = "connector_synced"
	ConnectorPlaced   = "connector_placed"
	LockWritten       = "lock_written"
	LockReplaced      = "lock_replaced"
)

// The points that only the read of a stream meets: a batch is in and not stored;
// it is stored with its cursor, and the connector was not asked again.
const (
	PullRead   = "pull_read"
	PullStored = "pull_stored"
)

// All lists the points of an invoice.
func All() []string {
	return []string{Claimed, SentStored, RequestWritten, AnswerReceived, Settled, Published, Acked}
}

// Deliveries lists the points in the order in which an event and its delivery
// over the bus meet them.
func Deliveries() []string {
	return []string{Stored, Published, Claimed, Acked, DeliveryStarted, DeliveryAnswered, Settled}
}

// Changes lists the points in the order in which a change of the catalog meets
// them.
func Changes() []string {
	return []string{ConnectorUnpacked, ConnectorSynced, ConnectorPlaced, LockWritten, LockReplaced}
}

// Pulls lists the points in the order in which a batch of a stream meets them.
func Pulls() []string { return []string{PullRead, PullStored} }
