package invoice

import (
	"fmt"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// codeNotChangeable is the fault of a correction that changes what stays.
const codeNotChangeable = "not_changeable"

// fixedNote finds what the correction of a void's credit note may not change:
// the original counts as voided by it, whole, for as long as it lives.
func fixedNote(old, voided Row, inv *schemas.Invoice) []domain.FieldError {
	var out []domain.FieldError
	add := func(pointer, keep, fix string) {
		out = append(out, domain.FieldError{
			Pointer: pointer, Code: codeNotChangeable,
			Detail: fmt.Sprintf("This credit note voids invoice %s; a correction keeps %s.", voided.ID, keep),
			Fix:    fix + ", or void this note and post another invoice.",
		})
	}
	if inv.InvoiceTypeCode != schemas.TypeCreditNote {
		add("/invoice_type_code", "its type", "Write "+schemas.TypeCreditNote)
	}
	if !slices.ContainsFunc(inv.BillingReference, func(r schemas.DocumentReference) bool { return r.IRN == voided.IRN }) {
		add("/billing_reference", "its original", fmt.Sprintf("Name the IRN %s of %s", voided.IRN, voided.IssueDate))
	}
	if have := schemas.NewDecimal(old.Payable, -cents); !inv.LegalMonetaryTotal.PayableAmount.Equal(have) {
		add("/legal_monetary_total/payable_amount", "its amount", fmt.Sprintf("Keep the payable amount %s", have.Short()))
	}
	return out
}
