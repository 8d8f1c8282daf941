package invoice

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Status is how far an invoice has come, as shown.
type Status string

// The statuses. HELD is not one: a held invoice stays DRAFT with a reason.
const (
	StatusDraft     Status = "DRAFT"
	StatusCompleted Status = "COMPLETED"
	StatusRejected  Status = "REJECTED"
	StatusCancelled Status = "CANCELLED"
	StatusFailed    Status = "FAILED"
)

// ViewState is what View needs beside the document: what became of it. Zero
// values are shown as null.
type ViewState struct {
	ID         domain.InvoiceID
	OriginalID domain.InvoiceID // of a credit or debit note, when known
	PartyID    domain.PartyID
	// Items holds the item of each line, in order; a missing one is worked out
	// from Environment.
	Items       []domain.ItemID
	Environment domain.EnvironmentID

	Status        Status
	PaymentStatus string // empty: as submitted, else PENDING
	// IRN and QR are shown only once SignedAt is set.
	IRN, QR            string
	TransmissionStatus string
	HeldReason         string
	Errors             []domain.FieldError

	CreatedAt, UpdatedAt                 time.Time
	ValidatedAt, SignedAt, TransmittedAt time.Time
}

// View shows a submitted invoice in DigiTax's shape. It is the one place where
// names and rates are converted; inv must be valid.
func View(inv *schemas.Invoice, s ViewState) schemas.InvoiceView {
	signed := !s.SignedAt.IsZero()
	v := schemas.InvoiceView{
		ID:                          string(s.ID),
		OriginalInvoiceID:           text(s.OriginalID),
		CreatedAt:                   wire(s.CreatedAt),
		UpdatedAt:                   wire(s.UpdatedAt),
		Active:                      s.Status != StatusCancelled,
		PartyID:                     text(s.PartyID),
		InvoiceDate:                 inv.IssueDate,
		IssueDate:                   inv.IssueDate,
		IsValid:                     !s.ValidatedAt.IsZero() || signed,
		TransmittedAt:               domain.FormatTime(s.TransmittedAt),
		SignedAt:                    domain.FormatTime(s.SignedAt),
		ValidatedAt:                 domain.FormatTime(s.ValidatedAt),
		InvoiceTypeCode:             inv.InvoiceTypeCode,
		TaxPointDate:                text(inv.TaxPointDate),
		DocumentCurrencyCode:        inv.DocumentCurrencyCode,
		TaxCurrencyCode:             inv.TaxCurrency(),
		InvoiceNumber:               inv.InvoiceNumber,
		BuyerReference:              text(inv.BuyerReference),
		PaymentStatus:               first(s.PaymentStatus, inv.PaymentStatus, "PENDING"),
		DeliveryDate:                text(inv.ActualDeliveryDate),
		Status:                      string(s.Status),
		LineExtensionAmount:         inv.LegalMonetaryTotal.LineExtensionAmount.Short(),
		TaxExclusiveAmount:          inv.LegalMonetaryTotal.TaxExclusiveAmount.Short(),
		TaxInclusiveAmount:          inv.LegalMonetaryTotal.TaxInclusiveAmount.Short(),
		PayableAmount:               inv.LegalMonetaryTotal.PayableAmount.Short(),
		TaxAmount:                   taxAmount(inv).Short(),
		BillingReference:            inv.BillingReference,
		DispatchDocumentReference:   inv.DispatchDocumentReference,
		ReceiptDocumentReference:    inv.ReceiptDocumentReference,
		OriginatorDocumentReference: inv.OriginatorDocumentReference,
		ContractDocumentReference:   inv.ContractDocumentReference,
		DueDate:                     text(inv.DueDate),
		Notes:                       text(inv.Note),
		TransmissionStatus:          text(s.TransmissionStatus),
		HeldReason:                  text(s.HeldReason),
		Errors:                      viewErrors(s.Errors),
		Taxes:                       viewTaxes(inv),
		Items:                       viewItems(inv, s),
	}
	if signed {
		v.InvoiceReferenceNumber, v.QRCodeData = text(s.IRN), text(s.QR)
	}
	return v
}

func text[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

func wire(t time.Time) string { return t.UTC().Format(domain.WireTime) }

func viewErrors(fields []domain.FieldError) []schemas.ViewError {
	if len(fields) == 0 {
		return nil
	}
	out := make([]schemas.ViewError, len(fields))
	for i, f := range fields {
		out[i] = schemas.ViewError(f)
	}
	return out
}
