package invoice

import (
	"encoding/json"
	"errors"
	"slices"
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
	r, err := read(body, d, now)
	if err == nil {
		err = r.refusal()
	}
	if err != nil {
		return schemas.Document{}, nil, err
	}
	return r.document, r.invoice, nil
}

// reading is what a submission says and what is wrong with it. Rules that
// need more than the submission itself are added before it is refused.
type reading struct {
	document schemas.Document
	// invoice is whole when the schema has no fault; else it holds what can be
	// read.
	invoice *schemas.Invoice
	said    []domain.FieldError // by the schema
	more    int                 // by the schema, and not among those
	rules   []domain.FieldError
}

// read reads what is well-formed; the error is of what is not.
func read(body []byte, d Defaults, now time.Time) (reading, error) {
	doc, err := schemas.Prove(schemas.InvoiceV1, body)
	r := reading{document: doc, invoice: new(schemas.Invoice)}
	var refusal *schemas.ValidationError
	switch {
	case errors.As(err, &refusal) && refusal.Malformed:
		return r, refuse(malformedKind(refusal), fieldErrors(refusal), refusal.Truncated)
	case refusal != nil:
		r.said, r.more = fieldErrors(refusal), refusal.Truncated
	case err != nil:
		return r, err
	}
	switch err := json.Unmarshal(body, r.invoice); {
	case err == nil:
		r.add(Check(r.invoice, d, now))
	case refusal == nil: // what the schema accepts the type reads
		return r, err
	default:
		r.invoice = readable(body)
	}
	return r, nil
}

// readable is an invoice with those members alone that are compared with what
// is stored, as far as each can be read.
func readable(body []byte) *schemas.Invoice {
	inv := new(schemas.Invoice)
	var total struct {
		Payable json.RawMessage `json:"payable_amount"`
	}
	var members map[string]json.RawMessage
	lenient(body, &members)
	lenient(members["invoice_number"], &inv.InvoiceNumber)
	lenient(members["issue_date"], &inv.IssueDate)
	lenient(members["invoice_type_code"], &inv.InvoiceTypeCode)
	lenient(members["document_currency_code"], &inv.DocumentCurrencyCode)
	lenient(members["billing_reference"], &inv.BillingReference)
	lenient(members["legal_monetary_total"], &total)
	lenient(total.Payable, &inv.LegalMonetaryTotal.PayableAmount)
	return inv
}

// lenient decodes what it can; of the rest the schema has said what is wrong.
func lenient(raw json.RawMessage, into any) { _ = json.Unmarshal(raw, into) }

func (r *reading) add(rules []domain.FieldError) { r.rules = append(r.rules, beyond(rules, r.said)...) }

// sound reports whether the schema has nothing against a place nor against
// what it stands in.
func (r *reading) sound(pointer string) bool { return !repeats(pointer, r.said) }

// refusal is the error that names every fault; nil when there is none.
func (r *reading) refusal() error {
	if len(r.said)+len(r.rules) == 0 {
		return nil
	}
	return refuse(ErrInvalid, append(r.said, r.rules...), r.more)
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
		if !repeats(r.Pointer, said) {
			out = append(out, r)
		}
	}
	return out
}

func repeats(pointer string, said []domain.FieldError) bool {
	return slices.ContainsFunc(said, func(s domain.FieldError) bool {
		return pointer == s.Pointer || strings.HasPrefix(pointer, s.Pointer+"/")
	})
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
