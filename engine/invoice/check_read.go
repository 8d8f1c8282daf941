package invoice

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// The answers to an invoice that cannot be accepted. Read fills in Fields.
var (
	ErrMalformed = &domain.Error{Kind: domain.KindMalformed, Code: "malformed_invoice", Detail: "The invoice is not well-formed JSON; errors says where."}
	ErrTooLarge  = &domain.Error{Kind: domain.KindTooLarge, Code: "invoice_too_large", Detail: "The invoice is too large."}
	ErrInvalid   = &domain.Error{Kind: domain.KindInvalid, Code: "invalid_invoice", Detail: "The invoice breaks the rules that errors lists; correct them all and send it again."}
)

// Read proves body as a submitted invoice and checks its rules. The error is a
// *domain.Error (ErrMalformed, ErrTooLarge or ErrInvalid) whose Fields hold
// every fault, those of the schema and those of the rules; where there are
// more than schemas.MaxViolations, Extra["moreErrors"] counts the rest.
func Read(body []byte, d Defaults, now time.Time) (schemas.Document, *schemas.Invoice, error) {
	doc, err := schemas.Prove(schemas.InvoiceV1, body)
	var refusal *schemas.ValidationError
	switch {
	case errors.As(err, &refusal) && refusal.Malformed:
		return schemas.Document{}, nil, refuse(malformedKind(refusal), fieldErrors(refusal), refusal.Truncated)
	case refusal == nil && err != nil:
		return schemas.Document{}, nil, err
	}
	inv := new(schemas.Invoice)
	var rules []domain.FieldError
	decodeErr := json.Unmarshal(body, inv)
	if decodeErr == nil {
		rules = Check(inv, d, now)
	}
	switch {
	case refusal != nil:
		fields := fieldErrors(refusal)
		return schemas.Document{}, nil, refuse(ErrInvalid, append(fields, beyond(rules, fields)...), refusal.Truncated)
	case decodeErr != nil: // what the schema accepts the type reads
		return schemas.Document{}, nil, decodeErr
	case len(rules) > 0:
		return schemas.Document{}, nil, refuse(ErrInvalid, rules, 0)
	}
	return doc, inv, nil
}

func malformedKind(e *schemas.ValidationError) *domain.Error {
	if len(e.Violations) > 0 && e.Violations[0].Code == "too_large" {
		return ErrTooLarge
	}
	return ErrMalformed
}

func fieldErrors(e *schemas.ValidationError) []domain.FieldError {
	out := make([]domain.FieldError, len(e.Violations))
	for i, v := range e.Violations {
		out[i] = domain.FieldError(v)
	}
	return out
}

// beyond leaves out the rules that only repeat what the schema says of the
// same place or of what it stands in.
func beyond(rules, said []domain.FieldError) []domain.FieldError {
	var out []domain.FieldError
	for _, r := range rules {
		repeated := false
		for _, s := range said {
			repeated = repeated || r.Pointer == s.Pointer || strings.HasPrefix(r.Pointer, s.Pointer+"/")
		}
		if !repeated {
			out = append(out, r)
		}
	}
	return out
}

func refuse(as *domain.Error, fields []domain.FieldError, more int) error {
	e := *as
	e.Fields = fields
	if over := len(fields) - schemas.MaxViolations; over > 0 {
		e.Fields, more = fields[:schemas.MaxViolations:schemas.MaxViolations], more+over
	}
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return &e
}
