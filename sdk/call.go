package sdk

import (
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Call is one invocation of one operation. It lives as long as the handler
// runs and belongs to that handler alone.
type Call struct {
	// Connection is the configuration to act for.
	Connection *Connection
	Operation  string
	// Key is the idempotency key: the same for every call of one stage of one
	// message. Send it to the vendor where the vendor takes one.
	Key string
	// MessageID names the message in logs.
	MessageID string
	// Document is the canonical document, proved against its schema by the
	// engine. Empty when the operation has none.
	Document schemas.Document
	// Parameters is valid against the operation's input schema.
	Parameters json.RawMessage
	// State is what the previous attempt of this message left with SetState.
	State []byte
	// Deadline is the last moment at which a request with an effect may start.
	// sdk/httpclient and MarkBegan refuse later ones. Zero: none.
	Deadline time.Time
	// Traceparent is the W3C trace context of the call.
	Traceparent string

	next []byte
}

// SetState leaves state for the next attempt of this message, also when the
// handler answers an error. At most MaxStateBytes; more turns the answer into
// an error of class Internal. Put a version into it: a newer connector reads it.
func (c *Call) SetState(state []byte) { c.next = state }

// Invoice decodes the document as a canonical invoice.
func (c *Call) Invoice() (*schemas.Invoice, error) {
	if c.Document.Schema == "" {
		return nil, Unsupportedf("document_unsupported", "the call has no document; this operation needs one of schema %q, over the API in the member document", schemas.InvoiceV1)
	}
	if c.Document.Schema != schemas.InvoiceV1 {
		return nil, Unsupportedf("document_unsupported", "the document is of schema %q; this operation needs %q", c.Document.Schema, schemas.InvoiceV1)
	}
	invoice := new(schemas.Invoice)
	if err := json.Unmarshal(c.Document.Body, invoice); err != nil {
		return nil, Internalf("document_unreadable", "decode invoice: %w", err)
	}
	return invoice, nil
}
