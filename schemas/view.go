package schemas

// InvoiceView is an invoice as shown: every field is present, null when there
// is nothing to say. Times are RFC 3339 in UTC with milliseconds, dates
// YYYY-MM-DD. Rates are fractions on items (0.075) and percent in Taxes (7.5).
type InvoiceView struct {
	ID                          string              `json:"id"`
	OriginalInvoiceID           *string             `json:"original_invoice_id"`
	CreatedAt                   string              `json:"created_at"`
	UpdatedAt                   string              `json:"updated_at"`
	Active                      bool                `json:"active"`
	PartyID                     *string             `json:"party_id"`
	InvoiceDate                 string              `json:"invoice_date"`
	IssueDate                   string              `json:"issue_date"`
	IsValid                     bool                `json:"is_valid"`
	TransmittedAt               *string             `json:"transmitted_at"`
	SignedAt                    *string             `json:"signed_at"`
	ValidatedAt                 *string             `json:"validated_at"`
	InvoiceTypeCode             string              `json:"invoice_type_code"`
	TaxPointDate                *string             `json:"tax_point_date"`
	DocumentCurrencyCode        string              `json:"document_currency_code"`
	TaxCurrencyCode             string              `json:"tax_currency_code"`
	InvoiceNumber               string              `json:"invoice_number"`
	InvoiceReferenceNumber      *string             `json:"invoice_reference_number"` // the IRN, once signed
	BuyerReference              *string             `json:"buyer_reference"`
	PaymentStatus               string              `json:"payment_status"`
	DeliveryDate                *string             `json:"delivery_date"`
	Status                      string              `json:"status"`
	LineExtensionAmount         Decimal             `json:"line_extension_amount"`
	TaxExclusiveAmount          Decimal             `json:"tax_exclusive_amount"`
	TaxInclusiveAmount          Decimal             `json:"tax_inclusive_amount"`
	PayableAmount               Decimal             `json:"payable_amount"`
	TaxAmount                   Decimal             `json:"tax_amount"`
	BillingReference            []DocumentReference `json:"billing_reference"`
	DispatchDocumentReference   *DocumentReference  `json:"dispatch_document_reference"`
	ReceiptDocumentReference    *DocumentReference  `json:"receipt_document_reference"`
	OriginatorDocumentReference *DocumentReference  `json:"originator_document_reference"`
	ContractDocumentReference   *DocumentReference  `json:"contract_document_reference"`
	DueDate                     *string             `json:"due_date"`
	Notes                       *string             `json:"notes"`
	QRCodeData                  *string             `json:"qr_code_data"` // once signed
	// TransmissionStatus, HeldReason and Errors go beyond DigiTax's sample, so
	// that a callback says why an invoice was rejected or is held.
	TransmissionStatus *string     `json:"transmission_status"`
	HeldReason         *string     `json:"held_reason"`
	Errors             []ViewError `json:"errors"`
	Taxes              []ViewTax   `json:"taxes"`
	Items              []ViewItem  `json:"items"`
}

// ViewError is one reason why the authority, or we, refused the invoice.
type ViewError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix"`
}

// ViewTax is the tax of one category.
type ViewTax struct {
	TaxCategoryCode string  `json:"tax_category_code"`
	TaxAmount       Decimal `json:"tax_amount"`
	TaxableAmount   Decimal `json:"taxable_amount"`
	TaxPercentage   Decimal `json:"tax_percentage"`
}

// ViewItem is one line.
type ViewItem struct {
	ID                  string   `json:"id"`
	CreatedAt           string   `json:"created_at"`
	UpdatedAt           string   `json:"updated_at"`
	Active              bool     `json:"active"`
	ItemID              string   `json:"item_id"`
	LineExtensionAmount Decimal  `json:"line_extension_amount"`
	Quantity            Decimal  `json:"quantity"`
	PriceAmount         Decimal  `json:"price_amount"`
	DiscountRate        *Decimal `json:"discount_rate"`
	FeeRate             *Decimal `json:"fee_rate"`
	DiscountAmount      *Decimal `json:"discount_amount"`
	FeeAmount           *Decimal `json:"fee_amount"`
	TaxRate             *Decimal `json:"tax_rate"`
}
