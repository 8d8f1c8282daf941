package schemas

import "encoding/json"

// ManifestProtocol is the version of the connector contract that this
// package's manifest describes.
const ManifestProtocol = 1

// Effects of an operation, see Operation.Effect.
const (
	EffectNone    = "none"
	EffectKeyed   = "keyed"
	EffectUnkeyed = "unkeyed"
)

// Manifest is what a connector says of itself, before it has any settings.
type Manifest struct {
	Name            string `json:"name"`    // program and stream name, e.g. "firs"
	Version         string `json:"version"` // semantic version
	Title           string `json:"title"`
	Description     string `json:"description,omitempty"`
	Documentation   string `json:"documentation,omitempty"` // https URL
	ProtocolVersion int    `json:"protocolVersion"`
	// Capabilities an environment may name this connector for, e.g. "invoice".
	Capabilities []string `json:"capabilities"`
	// Settings is a JSON Schema; a secret is marked "x-afara-secret": true,
	// wherever in it, see SecretPointers.
	Settings   json.RawMessage `json:"settings"`
	Operations []Operation     `json:"operations"`
	Streams    []Stream        `json:"streams,omitempty"`
	Webhooks   []WebhookKind   `json:"webhooks,omitempty"`
	// Errors are the connector's own; nil when it does not say.
	Errors []ErrorCode `json:"errors,omitempty"`
	// ReferenceKey is how a document's number becomes the vendor's reference.
	ReferenceKey *ReferenceKey `json:"referenceKey,omitempty"`
	RateLimits   []RateLimit   `json:"rateLimits,omitempty"`
	Limits       *Limits       `json:"limits,omitempty"`
}

// Operation is one thing a connector can do. Standard operations (invoice.sign)
// have their schemas in this package; a connector's own carry Input and Output.
type Operation struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Effect says what a doubt means: EffectNone, EffectKeyed, EffectUnkeyed.
	Effect string `json:"effect"`
	// Deadline is how long one call may take.
	Deadline Duration `json:"deadline"`
	// SettlesAfter is how long after the deadline the vendor may still act; a
	// look-up that began earlier proves nothing. At least 30 s with an effect.
	SettlesAfter Duration `json:"settlesAfter,omitempty"`
	// Lookup names the operation that finds out what became of this one.
	Lookup      string          `json:"lookup,omitempty"`
	Input       json.RawMessage `json:"input,omitempty"`
	Output      json.RawMessage `json:"output,omitempty"`
	SandboxOnly bool            `json:"sandboxOnly,omitempty"`
}

// Stream is a sequence of records that can be pulled.
type Stream struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Document is the schema of its records when they are canonical.
	Document ID `json:"document,omitempty"`
}

// WebhookKind is a kind of push that the connector understands.
type WebhookKind struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// ErrorCode is an error that a connector may answer.
type ErrorCode struct {
	Code string `json:"code"`
	// Classes that it comes with, e.g. "rejected".
	Classes []string `json:"classes"`
	Title   string   `json:"title"`
	Fix     string   `json:"fix,omitempty"`
}

// ReferenceKey is the rule that turns a document's number into a reference.
type ReferenceKey struct {
	// Strip lists the characters that are dropped.
	Strip string `json:"strip,omitempty"`
	// Case is "upper", "lower" or "" (kept).
	Case string `json:"case,omitempty"`
	// Pattern is what the result must match (RE2), the whole of it.
	Pattern string `json:"pattern"`
	// MaxLength of the result, in characters.
	MaxLength int `json:"maxLength"`
}

// RateLimit is a limit of the vendor: Requests in each Per, counted for one
// connection or for the connector as a whole.
type RateLimit struct {
	Scope      string   `json:"scope"` // "connection" or "connector"
	Requests   int      `json:"requests"`
	Per        Duration `json:"per"`
	Operations []string `json:"operations,omitempty"` // absent: all
}

// Limits of the program itself; 0 means the engine's default.
type Limits struct {
	MaxInFlight     int `json:"maxInFlight,omitempty"`
	MaxMessageBytes int `json:"maxMessageBytes,omitempty"`
}

// Operation finds an operation by name.
func (m *Manifest) Operation(name string) (Operation, bool) {
	for _, op := range m.Operations {
		if op.Name == name {
			return op, true
		}
	}
	return Operation{}, false
}
