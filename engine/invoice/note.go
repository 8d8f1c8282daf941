package invoice

import (
	"context"
	"fmt"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// original is an invoice that a note corrects: the reference at index i names it.
type original struct {
	Row
	i int
}

// originals finds the invoices that a note corrects, in the order in which it
// names them, leaving out those that were registered elsewhere. What the schema
// refuses is not looked up.
func (s *Service) originals(ctx context.Context, env domain.EnvironmentID, r *reading) ([]original, error) {
	if !r.invoice.Corrects() || r.more > 0 || !r.sound("/billing_reference") {
		return nil, nil
	}
	named := map[string]int{} // where an IRN is named first
	var irns []string
	for i, ref := range r.invoice.BillingReference {
		if _, twice := named[ref.IRN]; !twice && r.sound(at("billing_reference", i, "irn")) {
			named[ref.IRN] = i
			irns = append(irns, ref.IRN)
		}
	}
	if len(irns) == 0 {
		return nil, nil
	}
	list, args := store.List(1, irns)
	rows, err := readRows(ctx, s.cfg.Store.Reader(), `environment_id = $1 AND irn IN (`+list+`) AND status <> 'CANCELLED' AND irn <> ''`, append([]any{env}, args...)...)
	if err != nil {
		return nil, err
	}
	out := make([]original, len(rows))
	for n, r := range rows {
		out[n] = original{Row: r, i: named[r.IRN]}
	}
	slices.SortFunc(out, func(a, b original) int { return a.i - b.i })
	return out, nil
}

// noteFaults holds a note to each of its originals. Of those registered
// elsewhere nothing is known; of ours a credit note takes credit, so it may
// have one only: its amount is not split over several.
func noteFaults(inv *schemas.Invoice, originals []original) []domain.FieldError {
	var f faults
	for n, o := range originals {
		f.original(inv, o)
		if n > 0 && inv.InvoiceTypeCode == schemas.TypeCreditNote {
			f.add(at("billing_reference", o.i), "one_original",
				fmt.Sprintf("A credit note takes its amount off one invoice, and this one already names %s.", originals[0].IRN),
				"Post a credit note of its own for each invoice.")
		}
	}
	return f
}

func (f *faults) original(inv *schemas.Invoice, o original) {
	if o.Status != StatusCompleted {
		f.add(at("billing_reference", o.i, "irn"), "original_not_signed",
			fmt.Sprintf("The original invoice %s is %s; only a signed invoice can be corrected by a note.", o.ID, o.Status),
			"Wait until the original is signed, or correct it with PUT.")
	}
	if day := inv.BillingReference[o.i].IssueDate; day != o.IssueDate {
		f.add(at("billing_reference", o.i, "issue_date"), "original_date",
			fmt.Sprintf("The original invoice %s was issued on %s, not on %s.", o.ID, o.IssueDate, day),
			"Write "+o.IssueDate+".")
	}
	if o.Currency != inv.DocumentCurrencyCode {
		f.add("/document_currency_code", "currency_differs",
			fmt.Sprintf("The note is in %s, its original %s in %s.", inv.DocumentCurrencyCode, o.ID, o.Currency),
			"Use the currency of the original: "+o.Currency+".")
	}
}

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
	if have := hundredths(old.Payable); !inv.LegalMonetaryTotal.PayableAmount.Equal(have) {
		add(payablePointer, "its amount", fmt.Sprintf("Keep the payable amount %s", have))
	}
	return out
}
