package schemas

// The standard operations on an invoice.
const (
	OpInvoicePrepare       = "invoice.prepare"
	OpInvoiceValidate      = "invoice.validate"
	OpInvoiceSign          = "invoice.sign"
	OpInvoiceLookup        = "invoice.lookup"
	OpInvoiceTransmit      = "invoice.transmit"
	OpInvoiceReportPayment = "invoice.report_payment"
	OpInvoiceReportB2C     = "invoice.report_b2c"
	OpInvoiceWriteBack     = "invoice.write_back"
)

// OperationDocument answers the schema of the document that a standard operation
// is about; false for one that has none, and for a connector's own.
func OperationDocument(name string) (ID, bool) {
	switch name {
	case OpInvoiceValidate, OpInvoiceSign, OpInvoiceTransmit, OpInvoiceReportPayment, OpInvoiceReportB2C, OpInvoiceWriteBack:
		return InvoiceV1, true
	}
	return "", false
}

// Empty is the result of an operation that has nothing to say.
type Empty struct{}

// PrepareInput asks for the authority's reference of an invoice.
type PrepareInput struct {
	// ReferenceKey is the normalised number that the engine has reserved.
	ReferenceKey string `json:"referenceKey"`
	IssueDate    string `json:"issueDate"`
}

// PrepareOutput is the reference and what the QR code says. Both are stored
// before anything is sent.
type PrepareOutput struct {
	IRN        string `json:"irn"`
	QRCodeData string `json:"qrCodeData"`
}

// ValidateInput names the invoice to check without registering it.
type ValidateInput struct {
	IRN string `json:"irn"`
}

// SignInput names the invoice to register.
type SignInput struct {
	IRN string `json:"irn"`
}

// SignOutput says when the authority registered, where it tells.
type SignOutput struct {
	SignedAt string `json:"signedAt,omitempty"` // RFC 3339
}

// LookupInput asks what became of Operation on an invoice.
type LookupInput struct {
	Operation string      `json:"operation"`
	IRN       string      `json:"irn"`
	Total     LookupTotal `json:"total"`
	IssueDate string      `json:"issueDate"`
	// Target is the record of a write-back; empty with any other operation.
	Target string `json:"target,omitempty"`
}

// LookupTotal is what a look-up compares.
type LookupTotal struct {
	Payable      Decimal `json:"payable"`
	TaxExclusive Decimal `json:"taxExclusive"`
	Currency     string  `json:"currency"`
}

// LookupTotal is what a look-up of the invoice compares.
func (inv *Invoice) LookupTotal() LookupTotal {
	return LookupTotal{
		Payable:      inv.LegalMonetaryTotal.PayableAmount,
		TaxExclusive: inv.LegalMonetaryTotal.TaxExclusiveAmount,
		Currency:     inv.DocumentCurrencyCode,
	}
}

// Answers of a look-up, see LookupOutput.Result.
const (
	LookupFoundFinal     = "found_final"
	LookupFoundPending   = "found_pending"
	LookupNotFound       = "not_found"
	LookupCannotTell     = "cannot_tell"
	LookupFoundDifferent = "found_different"
)

// LookupOutput is what the vendor knows.
type LookupOutput struct {
	Result string `json:"result"`
	// Differences is filled with LookupFoundDifferent.
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is one field in which the vendor's record is not ours.
type Difference struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// TransmitInput names the signed invoice to send to the buyer.
type TransmitInput struct {
	IRN string `json:"irn"`
}

// Stages of a transmission, see TransmitOutput.TransmissionStatus.
const (
	TransmissionTransmitting = "TRANSMITTING"
	TransmissionTransmitted  = "TRANSMITTED"
	TransmissionAcknowledged = "ACKNOWLEDGED"
	TransmissionFailed       = "FAILED"
)

// TransmitOutput is how far the transmission has come.
type TransmitOutput struct {
	TransmissionStatus string `json:"transmissionStatus"`
}

// ReportPaymentInput tells the authority a payment status.
type ReportPaymentInput struct {
	IRN           string `json:"irn"`
	PaymentStatus string `json:"paymentStatus"`
	Reference     string `json:"reference,omitempty"`
}

// ReportB2CInput reports a sale to a consumer.
type ReportB2CInput struct {
	IRN string `json:"irn"`
}

// WriteBackInput tells the system that an invoice came from what became of it.
type WriteBackInput struct {
	// Target is the record in that system.
	Target        string `json:"target"`
	Status        string `json:"status"`
	IRN           string `json:"irn,omitempty"`
	QRCodeData    string `json:"qrCodeData,omitempty"`
	SignedAt      string `json:"signedAt,omitempty"`
	PaymentStatus string `json:"paymentStatus,omitempty"`
	Reason        string `json:"reason,omitempty"`
}
