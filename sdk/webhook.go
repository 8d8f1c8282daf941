package sdk

import (
	"net/http"
	"time"
)

// Webhook is one request that a vendor pushed, as it came.
type Webhook struct {
	Connection *Connection
	Kind       string
	Method     string
	Path       string
	Query      string // raw, without the question mark
	Header     http.Header
	// Body is the raw bytes, the ones that a signature covers.
	Body       []byte
	ReceivedAt time.Time
}

// WebhookResult is what a verified webhook meant.
type WebhookResult struct {
	// DedupeKey identifies the notification among the vendor's repeats: of those
	// with the same one only the first counts. Text of at most 200 bytes; only a
	// handshake without events goes without.
	DedupeKey string
	Events    []WebhookEvent
	// Reply is the HTTP answer the vendor wants.
	Reply Reply
}

// WebhookEvent is one thing that happened at the vendor.
type WebhookEvent struct {
	// Type is what happened, e.g. "transmission.acknowledged".
	Type string
	// Reference is the vendor reference it is about, e.g. an IRN: what waits for a
	// look-up of it is looked up at once. At most 200 bytes.
	Reference string
	// Data is JSON, valid against the event type's schema.
	Data       []byte
	OccurredAt time.Time
}

// Reply is an HTTP answer of at most 64 KiB. A zero Status is 200, another one
// between 200 and 599; headers that are the connection's or the engine's own are
// left out.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}
