package schemas

import "encoding/json"

// Event is the body of a callback. Sequence rises with every event of one
// resource; EventID is the same on every attempt.
type Event struct {
	EventID    string          `json:"eventId"`
	Event      string          `json:"event"`
	BusinessID string          `json:"businessId"`
	OccurredAt string          `json:"occurredAt"`
	Sequence   int64           `json:"sequence"`
	Data       json.RawMessage `json:"data"`
}

// The event types of an invoice; their data is an InvoiceView.
const (
	EventInvoiceCreated      = "invoice.created"
	EventInvoiceValidated    = "invoice.validated"
	EventInvoiceSigned       = "invoice.signed"
	EventInvoiceTransmitted  = "invoice.transmitted"
	EventInvoiceAcknowledged = "invoice.acknowledged"
	EventInvoiceReceived     = "invoice.received"
	EventInvoiceRejected     = "invoice.rejected"
	EventInvoiceHeld         = "invoice.held"
	EventInvoiceFailed       = "invoice.failed"
	EventInvoicePaid         = "invoice.paid"
	EventInvoiceVoided       = "invoice.voided"
)
