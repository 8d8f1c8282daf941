package domain

import (
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// ConnectionRef names one version of a connection's configuration.
type ConnectionRef struct {
	ID          ConnectionID
	Version     int64
	Connector   string // the program, e.g. "firs"
	Environment EnvironmentKind
}

// Call is one invocation of one operation of one connection.
type Call struct {
	Connection ConnectionRef
	Operation  string
	// Key is the idempotency key: the same for every call of one stage.
	Key        string
	Document   schemas.Document
	Parameters json.RawMessage
	State      []byte
	// Deadline is the last moment at which a request with an effect may start.
	Deadline    time.Time
	Message     MessageID
	Traceparent string
}

// Outcome is how a call ended. Exactly one of Result and Error is meant:
// Class is ClassResult when Result counts.
type Outcome struct {
	Class  Class
	Result json.RawMessage
	Error  *ConnectorError
	State  []byte
	// ConnectorVersion is the version of the program that answered.
	ConnectorVersion string
	// Began is when the call went out, Ended when the answer was there.
	Began, Ended time.Time
	// Crashed is set when the connector's process ended under the call, and
	// Alone when no other call was in flight then.
	Crashed, Alone bool
}

// ConnectorError is a connector's classed error, as stored with an attempt.
type ConnectorError struct {
	Class        Class         `json:"class"`
	Code         string        `json:"code"`
	Message      string        `json:"message"`
	VendorCode   string        `json:"vendorCode,omitempty"`
	VendorText   string        `json:"vendorText,omitempty"`
	VendorAnswer string        `json:"vendorAnswer,omitempty"`
	RetryAfter   time.Duration `json:"-"`
	Fields       []FieldError  `json:"fields,omitempty"`
}

// CodeReferenceTaken is the code of a refusal because the vendor knows the
// reference already, of something else.
const CodeReferenceTaken = "reference_taken"

// Error implements error.
func (e *ConnectorError) Error() string { return string(e.Class) + ": " + e.Code + ": " + e.Message }
