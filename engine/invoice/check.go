package invoice

import (
	"fmt"
	"strconv"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Defaults is what the connection says of the seller, and the rule for the
// number. An empty field is not compared.
type Defaults struct {
	BusinessID string
	Supplier   *schemas.Party
	// ReferenceKey, when set, checks the invoice number too.
	ReferenceKey *schemas.ReferenceKey
}

// Check finds every fault that the schema cannot see, all at once: arithmetic,
// dates, references, and whether the seller is the connection's. now is the
// present moment; it says which day it is in Lagos.
//
// Each rule takes the other values as they are given, so that one wrong amount
// is one fault and not a chain of them.
func Check(inv *schemas.Invoice, d Defaults, now time.Time) []domain.FieldError {
	var f faults
	f.number(inv, d.ReferenceKey)
	f.dates(inv, now)
	f.references(inv)
	f.currency(inv)
	f.parties(inv, d)
	f.lines(inv)
	f.taxes(inv)
	f.totals(inv)
	return f
}

// faults collects what is wrong.
type faults []domain.FieldError

func (f *faults) add(pointer, code, detail, fix string) {
	*f = append(*f, domain.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
}

// expect adds a fault when got is not want. how says where want comes from.
func (f *faults) expect(pointer, code string, got, want schemas.Decimal, how string) {
	if got.Equal(want) {
		return
	}
	f.add(pointer, code,
		fmt.Sprintf("%s gives %s, not %s.", how, want.Short(), got.Short()),
		fmt.Sprintf("Write %s, or correct what it is computed from.", want.Short()))
}

func (f *faults) number(inv *schemas.Invoice, rule *schemas.ReferenceKey) {
	if rule == nil {
		return
	}
	if _, fault := Normalise(inv.InvoiceNumber, *rule); fault != nil {
		*f = append(*f, *fault)
	}
}

// currency: all amounts are in the document's currency; the tax may besides be
// accounted for in naira.
func (f *faults) currency(inv *schemas.Invoice) {
	if tax := inv.TaxCurrency(); tax != inv.DocumentCurrencyCode && tax != "NGN" {
		f.add("/tax_currency_code", "tax_currency",
			"The tax currency is neither the document's currency nor NGN.",
			"Write "+inv.DocumentCurrencyCode+" or NGN, or leave the field out.")
	}
}

// at joins a JSON pointer of names and indexes, none of which needs escaping.
func at(parts ...any) string {
	p := ""
	for _, part := range parts {
		switch part := part.(type) {
		case int:
			p += "/" + strconv.Itoa(part)
		case string:
			p += "/" + part
		}
	}
	return p
}
