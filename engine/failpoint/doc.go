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

// All lists the points of an invoice.
func All() []string {
	return []string{Claimed, SentStored, RequestWritten, AnswerReceived, Settled, Published, Acked}
}

// Deliveries lists the points in the order in which an event and its delivery
// over the bus meet them.
func Deliveries() []string {
	return []string{Stored, Published, Claimed, Acked, DeliveryStarted, DeliveryAnswered, Settled}
}
