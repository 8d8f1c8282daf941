package schemas

// ID is the canonical id of a schema of this package, the "$id" of its file.
type ID string

const base = "https://afara.dev/schemas/v1/"

// The documents and envelopes of version 1.
const (
	// InvoiceV1 is an invoice, credit note or debit note as submitted.
	InvoiceV1 ID = base + "invoice.json"
	// InvoiceViewV1 is an invoice as shown: GET answers and callback data.
	InvoiceViewV1 ID = base + "invoice_view.json"
	// PaymentV1 is a payment by mobile money as it was accepted.
	PaymentV1 ID = base + "payment.json"
	// EventV1 is the envelope of every callback, whatever its data.
	EventV1 ID = base + "event.json"
	// ManifestV1 is what a connector says of itself.
	ManifestV1 ID = base + "manifest.json"
)

// EventType is the id of the schema of one event type with its data, e.g.
// EventType("invoice.signed").
func EventType(event string) ID { return ID(base + "events/" + event + ".json") }

// OperationInput is the id of the schema of a standard operation's parameters,
// e.g. OperationInput("invoice.sign").
func OperationInput(operation string) ID {
	return ID(base + "operations/" + operation + ".input.json")
}

// OperationOutput is the id of the schema of a standard operation's result.
func OperationOutput(operation string) ID {
	return ID(base + "operations/" + operation + ".output.json")
}
