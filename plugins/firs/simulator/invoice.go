package simulator

import (
	"encoding/json"
	"net/http"
)

// invoice is what the simulator looks at of the body of validate and sign. The
// service's field names; whatever else is in the body is kept as it came.
type invoice struct {
	BusinessID           string      `json:"business_id"`
	IRN                  string      `json:"irn"`
	IssueDate            string      `json:"issue_date"`
	DueDate              string      `json:"due_date"`
	TaxPointDate         string      `json:"tax_point_date"`
	InvoiceTypeCode      string      `json:"invoice_type_code"`
	InvoiceKind          string      `json:"invoice_kind"`
	PaymentStatus        string      `json:"payment_status"`
	DocumentCurrencyCode string      `json:"document_currency_code"`
	TaxCurrencyCode      string      `json:"tax_currency_code"`
	Supplier             *party      `json:"accounting_supplier_party"`
	Customer             *party      `json:"accounting_customer_party"`
	BillingReference     []docRef    `json:"billing_reference"`
	AllowanceCharge      []allowance `json:"allowance_charge"`
	TaxTotal             []taxTotal  `json:"tax_total"`
	Totals               *totals     `json:"legal_monetary_total"`
	Lines                []line      `json:"invoice_line"`
}

type party struct {
	ID         string   `json:"id,omitempty"`
	BusinessID string   `json:"business_id,omitempty"`
	Name       string   `json:"party_name"`
	TIN        string   `json:"tin"`
	Email      string   `json:"email"`
	Telephone  string   `json:"telephone,omitempty"`
	Address    *address `json:"postal_address,omitempty"`
}

type address struct {
	Street  string `json:"street_name,omitempty"`
	City    string `json:"city_name,omitempty"`
	Zone    string `json:"postal_zone,omitempty"`
	State   string `json:"state,omitempty"`
	LGA     string `json:"lga,omitempty"`
	Country string `json:"country"`
}

type docRef struct {
	IRN       string `json:"irn"`
	IssueDate string `json:"issue_date"`
}

type allowance struct {
	Charge bool        `json:"charge_indicator"`
	Amount json.Number `json:"amount"`
}

type taxTotal struct {
	Amount    json.Number   `json:"tax_amount"`
	Subtotals []taxSubtotal `json:"tax_subtotal"`
}

type taxSubtotal struct {
	Taxable  json.Number `json:"taxable_amount"`
	Amount   json.Number `json:"tax_amount"`
	Category struct {
		ID      string      `json:"id"`
		Percent json.Number `json:"percent"`
	} `json:"tax_category"`
}

type totals struct {
	LineExtension json.Number `json:"line_extension_amount"`
	TaxExclusive  json.Number `json:"tax_exclusive_amount"`
	TaxInclusive  json.Number `json:"tax_inclusive_amount"`
	Payable       json.Number `json:"payable_amount"`
}

type line struct {
	HSN             string      `json:"hsn_code"`
	ProductCategory string      `json:"product_category"`
	ISIC            string      `json:"isic_code"`
	ServiceCategory string      `json:"service_category"`
	Quantity        json.Number `json:"invoiced_quantity"`
	LineExtension   json.Number `json:"line_extension_amount"`
	Discount        json.Number `json:"discount_amount"`
	Fee             json.Number `json:"fee_amount"`
	Item            struct {
		Name string `json:"name"`
	} `json:"item"`
	Price struct {
		Amount json.Number `json:"price_amount"`
		Base   json.Number `json:"base_quantity"`
		Unit   string      `json:"price_unit"`
	} `json:"price"`
}

// readInvoice decodes the body once for the whole call.
func readInvoice(rq *request) *answer {
	rq.invoice = new(invoice)
	if err := json.Unmarshal(rq.body, rq.invoice); err != nil {
		// Choice: the words for a body that is no such JSON are not known.
		return refuse(handlerInvoice, "unable to read the request body", textPublic)
	}
	rq.irn = rq.invoice.IRN
	return nil
}

func pathIRN(rq *request) *answer {
	rq.irn = rq.PathValue("irn")
	return nil
}

func queryIRN(rq *request) *answer {
	rq.irn = rq.URL.Query().Get("irn")
	return nil
}

func entityID(rq *request) *answer {
	if err := checkUUID(rq.PathValue("id")); err != nil {
		return refuse(handlerEntity, err.Error(), textPublic)
	}
	return nil
}

// newRecord is the registered form of the call's invoice.
func (rq *request) newRecord() *record {
	inv := rq.invoice
	r := &record{
		irn: inv.IRN, business: inv.BusinessID,
		issueDate: inv.IssueDate, dueDate: inv.DueDate,
		typeCode: inv.InvoiceTypeCode, kind: inv.InvoiceKind,
		currency: inv.DocumentCurrencyCode, taxCurrency: inv.TaxCurrencyCode,
		paymentStatus: inv.PaymentStatus, totals: *inv.Totals, body: rq.body,
	}
	if r.paymentStatus == "" {
		r.paymentStatus = "PENDING"
	}
	if inv.Customer != nil {
		r.customerTIN, r.customerName = inv.Customer.TIN, inv.Customer.Name
	}
	return r
}

// health is the one answer without an envelope.
func (s *Simulator) health(*request) *answer {
	return &answer{status: http.StatusOK, body: []byte(`{"healthy":true}`)}
}
