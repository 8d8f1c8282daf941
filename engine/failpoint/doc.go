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

// All lists the points.
func All() []string {
	return []string{Claimed, SentStored, RequestWritten, AnswerReceived, Settled, Published, Acked}
}
