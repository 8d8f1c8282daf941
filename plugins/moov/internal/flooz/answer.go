package flooz

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/schemas"
)

// Answer is what Moov says, in either form.
type Answer struct {
	Code string // e.g. 0, 92; of a fault its name
	Text string // description or message
	ID   string // Moov's own id of a transaction; empty when none was told
	// Fault says that this is a SOAP fault, which tells of no transaction.
	Fault bool
	// Raw is the native answer as a JSON object; nil when a document cannot hold it.
	Raw json.RawMessage
}

const (
	maxRaw   = 16 << 10 // of the native answer that is kept
	maxID    = 100
	maxShown = 500
)

// The members of Raw that both forms have.
const (
	memberCode = "responseCode"
	memberID   = "transactionId"
)

// bounded is an id as far as the contract takes one.
func bounded(id string) string {
	id = strings.TrimSpace(id)
	if utf8.RuneCountInString(id) > maxID {
		return ""
	}
	return id
}

// kept is a native answer as far as a document can hold it: its size, its
// numbers.
func kept(raw []byte) json.RawMessage {
	if len(raw) > maxRaw || !utf8.Valid(raw) {
		return nil
	}
	out, err := json.Marshal(schemas.PaymentOutput{Status: schemas.PaymentPending, Raw: raw})
	if err != nil || schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), out) != nil {
		return nil
	}
	return bytes.Clone(raw)
}

func short(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown])
	}
	return s
}
