package schemas

// Invoice is an invoice, credit note or debit note as an integrator submits
// it: the authority's field names, plus InvoiceNumber and CallbackURL. What was
// absent is the zero value; the schema sees to it that nothing present is.
type Invoice struct {
	InvoiceNumber string `json:"invoice_number"`
	CallbackURL   string `json:"callback_url,omitempty"`

	// BusinessID and AccountingSupplierParty default from the connection.
	BusinessID          string `json:"business_id,omitempty"`
	IntegratorServiceID string `json:"integrator_service_id,omitempty"`

	// IssueDate, like all dates, is YYYY-MM-DD in the time zone Africa/Lagos.
	IssueDate       string `json:"issue_date"`
	IssueTime       string `json:"issue_time,omitempty"` // HH:MM:SS
	DueDate         string `json:"due_date,omitempty"`
	TaxPointDate    string `json:"tax_point_date,omitempty"`
	InvoiceTypeCode string `json:"invoice_type_code"`
	InvoiceKind     string `json:"invoice_kind,omitempty"`   // B2B, B2C, B2G
	PaymentStatus   string `json:"payment_status,omitempty"` // absent: PENDING

	DocumentCurrencyCode string `json:"document_currency_code"`
	// TaxCurrencyCode defaults to the document's currency, see TaxCurrency.
	TaxCurrencyCode  string `json:"tax_currency_code,omitempty"`
	Note             string `json:"note,omitempty"`
	AccountingCost   string `json:"accounting_cost,omitempty"`
	BuyerReference   string `json:"buyer_reference,omitempty"`
	OrderReference   string `json:"order_reference,omitempty"`
	PaymentTermsNote string `json:"payment_terms_note,omitempty"`

	ActualDeliveryDate    string  `json:"actual_delivery_date,omitempty"`
	InvoiceDeliveryPeriod *Period `json:"invoice_delivery_period,omitempty"`

	// BillingReference names the original of a credit or debit note.
	BillingReference            []DocumentReference `json:"billing_reference,omitempty"`
	DispatchDocumentReference   *DocumentReference  `json:"dispatch_document_reference,omitempty"`
	ReceiptDocumentReference    *DocumentReference  `json:"receipt_document_reference,omitempty"`
	OriginatorDocumentReference *DocumentReference  `json:"originator_document_reference,omitempty"`
	ContractDocumentReference   *DocumentReference  `json:"contract_document_reference,omitempty"`
	AdditionalDocumentReference []DocumentReference `json:"additional_document_reference,omitempty"`

	AccountingSupplierParty *Party `json:"accounting_supplier_party,omitempty"`
	AccountingCustomerParty *Party `json:"accounting_customer_party,omitempty"`
	PayeeParty              *Party `json:"payee_party,omitempty"`
	TaxRepresentativeParty  *Party `json:"tax_representative_party,omitempty"`

	PaymentMeans       []PaymentMeans    `json:"payment_means,omitempty"`
	AllowanceCharge    []AllowanceCharge `json:"allowance_charge,omitempty"`
	TaxTotal           []TaxTotal        `json:"tax_total,omitempty"`
	LegalMonetaryTotal MonetaryTotal     `json:"legal_monetary_total"`
	InvoiceLine        []InvoiceLine     `json:"invoice_line"`
}

// The invoice types that correct another invoice.
const (
	TypeCommercialInvoice = "381"
	TypeCreditNote        = "380"
	TypeDebitNote         = "384"
)

// Corrects reports whether the invoice is a credit or debit note and so must
// name its original.
func (inv *Invoice) Corrects() bool {
	return inv.InvoiceTypeCode == TypeCreditNote || inv.InvoiceTypeCode == TypeDebitNote
}

// TaxCurrency is the currency of the tax amounts.
func (inv *Invoice) TaxCurrency() string {
	if inv.TaxCurrencyCode != "" {
		return inv.TaxCurrencyCode
	}
	return inv.DocumentCurrencyCode
}

// Period is a range of dates, both included.
type Period struct {
	StartDate string `json:"start_date"`
	EndDate   string `json:"end_date"`
}

// DocumentReference names a registered document by its IRN.
type DocumentReference struct {
	IRN       string `json:"irn"`
	IssueDate string `json:"issue_date"`
}

// Party is a seller, buyer, payee or tax representative.
type Party struct {
	PartyName           string   `json:"party_name"`
	TIN                 string   `json:"tin"`
	Email               string   `json:"email"`
	Telephone           string   `json:"telephone,omitempty"`
	BusinessDescription string   `json:"business_description,omitempty"`
	PostalAddress       *Address `json:"postal_address,omitempty"`
}

// Address is a postal address. Country is ISO 3166-1 alpha-2, State and LGA
// are the authority's codes.
type Address struct {
	StreetName string `json:"street_name,omitempty"`
	CityName   string `json:"city_name,omitempty"`
	PostalZone string `json:"postal_zone,omitempty"`
	State      string `json:"state,omitempty"`
	LGA        string `json:"lga,omitempty"`
	Country    string `json:"country"`
}

// PaymentMeans is one way to pay (UNCL 4461 code).
type PaymentMeans struct {
	PaymentMeansCode string `json:"payment_means_code"`
	PaymentDueDate   string `json:"payment_due_date,omitempty"`
}

// AllowanceCharge changes the whole document's amount: a charge adds, an
// allowance takes away.
type AllowanceCharge struct {
	ChargeIndicator bool    `json:"charge_indicator"`
	Amount          Decimal `json:"amount"`
}

// TaxTotal is a tax amount and how it comes about.
type TaxTotal struct {
	TaxAmount   Decimal       `json:"tax_amount"`
	TaxSubtotal []TaxSubtotal `json:"tax_subtotal"`
}

// TaxSubtotal is the tax of one category.
type TaxSubtotal struct {
	TaxableAmount Decimal     `json:"taxable_amount"`
	TaxAmount     Decimal     `json:"tax_amount"`
	TaxCategory   TaxCategory `json:"tax_category"`
}

// TaxCategory is a kind of tax with its rate: Percent is 7.5, not 0.075.
type TaxCategory struct {
	ID      string  `json:"id"`
	Percent Decimal `json:"percent"`
}

// MonetaryTotal is the sums of the document, before and after tax.
type MonetaryTotal struct {
	LineExtensionAmount Decimal `json:"line_extension_amount"`
	TaxExclusiveAmount  Decimal `json:"tax_exclusive_amount"`
	TaxInclusiveAmount  Decimal `json:"tax_inclusive_amount"`
	PayableAmount       Decimal `json:"payable_amount"`
}

// InvoiceLine is a line of goods (HSNCode, ProductCategory) or of services
// (ISICCode, ServiceCategory). LineExtensionAmount stands before discount and
// fee. Rates are percent.
type InvoiceLine struct {
	ID                  string   `json:"id,omitempty"`
	HSNCode             string   `json:"hsn_code,omitempty"`
	ProductCategory     string   `json:"product_category,omitempty"`
	ISICCode            string   `json:"isic_code,omitempty"`
	ServiceCategory     string   `json:"service_category,omitempty"`
	InvoicedQuantity    Decimal  `json:"invoiced_quantity"`
	LineExtensionAmount Decimal  `json:"line_extension_amount"`
	DiscountRate        *Decimal `json:"discount_rate,omitempty"`
	DiscountAmount      *Decimal `json:"discount_amount,omitempty"`
	FeeRate             *Decimal `json:"fee_rate,omitempty"`
	FeeAmount           *Decimal `json:"fee_amount,omitempty"`
	// TaxCategory is the id of the subtotal that taxes this line; mandatory
	// when the invoice has more than one.
	TaxCategory string `json:"tax_category,omitempty"`
	Item        Item   `json:"item"`
	Price       Price  `json:"price"`
}

// Item is what was sold.
type Item struct {
	Name                      string `json:"name"`
	Description               string `json:"description,omitempty"`
	SellersItemIdentification string `json:"sellers_item_identification,omitempty"`
}

// Price is PriceAmount for each BaseQuantity units (absent: 1).
type Price struct {
	PriceAmount  Decimal  `json:"price_amount"`
	BaseQuantity *Decimal `json:"base_quantity,omitempty"`
	PriceUnit    string   `json:"price_unit,omitempty"` // e.g. "NGN per 1"
}
