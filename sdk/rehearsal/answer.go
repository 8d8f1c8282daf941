package rehearsal

import (
	"encoding/json"
	"strings"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Answer is what the connector answered to one request.
type Answer struct {
	Line   int             `json:"line"`
	Asked  string          `json:"asked"`
	Millis int64           `json:"millis"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
	State  Bytes           `json:"state,omitempty"`
	// Renewed: the call left a new credential, which is not shown.
	Renewed bool `json:"credentialRenewed,omitempty"`

	Records  []Record `json:"records,omitempty"`
	Cursor   Bytes    `json:"cursor,omitempty"`
	CaughtUp bool     `json:"caughtUp,omitempty"`

	DedupeKey string  `json:"dedupeKey,omitempty"`
	Events    []Event `json:"events,omitempty"`
	Status    int32   `json:"status,omitempty"` // of the HTTP answer to a push

	// Faults are what an engine would not take: it turns the result into an
	// error.
	Faults []string `json:"faults,omitempty"`
}

// Error is a classed error.
type Error struct {
	Class            string  `json:"class"`
	Code             string  `json:"code"`
	Message          string  `json:"message"`
	VendorCode       string  `json:"vendorCode,omitempty"`
	VendorText       string  `json:"vendorText,omitempty"`
	VendorAnswer     string  `json:"vendorAnswer,omitempty"`
	RetryAfterMillis int64   `json:"retryAfterMillis,omitempty"`
	Fields           []Field `json:"fields,omitempty"`
}

// Field is one fault of the document or the settings.
type Field struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix"`
}

// Record is one record of a stream.
type Record struct {
	Key  string `json:"key"`
	Body Bytes  `json:"body"`
}

// Event is one thing that a push said.
type Event struct {
	Type      string `json:"type"`
	Reference string `json:"reference,omitempty"`
	Data      Bytes  `json:"data,omitempty"`
}

func errorOf(e *connectorpb.Error) *Error {
	if e == nil {
		return nil
	}
	out := &Error{
		Class: strings.ToLower(strings.TrimPrefix(e.GetClass().String(), "CLASS_")),
		Code:  e.GetCode(), Message: e.GetMessage(),
		VendorCode: e.GetVendorCode(), VendorText: e.GetVendorText(), VendorAnswer: string(e.GetVendorAnswer()),
		RetryAfterMillis: e.GetRetryAfterMillis(),
	}
	for _, f := range e.GetFields() {
		out.Fields = append(out.Fields, Field{f.GetPointer(), f.GetCode(), f.GetDetail(), f.GetFix()})
	}
	return out
}
