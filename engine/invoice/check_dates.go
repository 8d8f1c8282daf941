package invoice

import (
	"time"

	"github.com/afara-dev/afara/schemas"
)

// clockTolerance lets an ERP's clock run ahead of ours: an invoice of the next
// day is accepted so long before midnight in Lagos.
const clockTolerance = 5 * time.Minute

// lagosOffset is UTC+1 all year; a fixed offset needs no time zone files.
const lagosOffset = time.Hour

// lagosDay is the day in Lagos at t, YYYY-MM-DD. Days compare as text.
func lagosDay(t time.Time) string { return t.UTC().Add(lagosOffset).Format(time.DateOnly) }

func (f *faults) dates(inv *schemas.Invoice, now time.Time) {
	if today := lagosDay(now.Add(clockTolerance)); inv.IssueDate > today {
		f.add("/issue_date", "issue_date_in_future",
			"The issue date lies after today in Lagos, "+lagosDay(now)+".",
			"Send the invoice on its day of issue, or correct the date.")
	}
	f.notBefore(inv.DueDate, inv.IssueDate, "/due_date", "due_date_before_issue", "due date", "issue date")
	for i, means := range inv.PaymentMeans {
		f.notBefore(means.PaymentDueDate, inv.IssueDate, at("payment_means", i, "payment_due_date"), "due_date_before_issue", "payment due date", "issue date")
	}
	if p := inv.InvoiceDeliveryPeriod; p != nil {
		f.notBefore(p.EndDate, p.StartDate, "/invoice_delivery_period/end_date", "period_ends_before_start", "end date", "start date")
	}
}

// notBefore wants day on or after floor; an absent one is in order.
func (f *faults) notBefore(day, floor, pointer, code, name, floorName string) {
	if day != "" && floor != "" && day < floor {
		f.add(pointer, code, "The "+name+" lies before the "+floorName+", "+floor+".", "Write "+floor+" or a later day.")
	}
}

func (f *faults) references(inv *schemas.Invoice) {
	f.referenceList(inv.BillingReference, "billing_reference", inv.IssueDate)
	f.referenceList(inv.AdditionalDocumentReference, "additional_document_reference", "")
	for _, r := range []struct {
		name string
		ref  *schemas.DocumentReference
	}{
		{"dispatch_document_reference", inv.DispatchDocumentReference},
		{"receipt_document_reference", inv.ReceiptDocumentReference},
		{"originator_document_reference", inv.OriginatorDocumentReference},
		{"contract_document_reference", inv.ContractDocumentReference},
	} {
		if r.ref != nil {
			f.irn(r.ref.IRN, at(r.name, "irn"))
		}
	}
}

// referenceList checks the list's IRNs; with a ceiling, none may be issued
// after it: nobody corrects an invoice that is yet to be written.
func (f *faults) referenceList(refs []schemas.DocumentReference, name, ceiling string) {
	seen := map[string]bool{}
	for i, ref := range refs {
		f.irn(ref.IRN, at(name, i, "irn"))
		if seen[ref.IRN] {
			f.add(at(name, i, "irn"), "duplicate_reference", "This document is named twice.", "Name each document once.")
		}
		seen[ref.IRN] = true
		if ceiling != "" && ref.IssueDate > ceiling {
			f.add(at(name, i, "issue_date"), "reference_after_issue", "The original was issued after this note, whose issue date is "+ceiling+".", "Correct one of the two dates.")
		}
	}
}

// irn checks what the schema's pattern cannot: that the last group, the day of
// issue, exists.
func (f *faults) irn(irn, pointer string) {
	if len(irn) < 8 {
		return // the schema says it
	}
	if _, err := time.Parse("20060102", irn[len(irn)-8:]); err != nil {
		f.add(pointer, "irn", "The last 8 digits of the IRN are no day.", "Copy the IRN as the authority registered it, e.g. INV001-94ND90NR-20240611.")
	}
}
