package domain

import (
	"encoding/json"
	"net/http"
	"time"
)

// Webhook is one request that a vendor pushed, as it came.
type Webhook struct {
	Connection ConnectionRef
	Kind       string
	Method     string
	Path       string
	Query      string // raw, without the question mark
	Header     http.Header
	Body       []byte
	// ReceivedAt is when it came, by which its age is judged however late that is.
	ReceivedAt time.Time
}

// WebhookOutcome is what a connector made of a webhook. Class is ClassResult when
// it was verified, and nothing but Error counts when it is not.
type WebhookOutcome struct {
	Class Class
	Error *ConnectorError
	// DedupeKey identifies the notification among the vendor's repeats; it is there
	// when Events are.
	DedupeKey string
	Events    []WebhookEvent
	Reply     WebhookReply
	// Crashed is set when the connector's process ended under the call.
	Crashed bool
}

// WebhookEvent is one thing that happened at the vendor.
type WebhookEvent struct {
	Type string
	// Reference is the vendor reference it is about; empty for none.
	Reference string
	Data      json.RawMessage
	// OccurredAt is zero when the vendor did not say.
	OccurredAt time.Time
}

// WebhookReply is the HTTP answer that the vendor wants.
type WebhookReply struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"body,omitempty"`
}

// WorkNews says that a vendor has told something of references: work of the
// connection that waits for a look-up of one of them is due now.
type WorkNews struct {
	Connection ConnectionID
	References []string
	// Told is what was told of a reference, where it was more than that there is
	// news. A Listener says what it is worth.
	Told map[string]json.RawMessage
}

// PartOf makes a WorkNews a part of a Change.
func (WorkNews) PartOf() PartKind { return PartWorkNews }

// WorkWake makes a waiting row due: there is news for it. A claimed or held row
// is left alone, and one that has gone is no error.
type WorkWake struct {
	ID    WorkID
	DueAt time.Time
}

// PartOf makes a WorkWake a part of a Change.
func (WorkWake) PartOf() PartKind { return PartWorkWake }
