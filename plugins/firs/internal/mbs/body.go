package mbs

import (
	"encoding/json"
	"fmt"

	"github.com/afara-dev/afara/schemas"
)

// Seller is what the connection adds to every invoice.
type Seller struct {
	BusinessID string
	// ServiceID of the integrator, sent when set.
	IntegratorServiceID string
	Party               schemas.Party
}

// invoiceBody is a canonical invoice as validate and sign want it. The fields
// here stand before those of the embedded document with the same name.
type invoiceBody struct {
	BusinessID          string         `json:"business_id"`
	IRN                 string         `json:"irn"`
	IntegratorServiceID string         `json:"integrator_service_id,omitempty"`
	InvoiceTypeCode     string         `json:"invoice_type_code"`
	PaymentStatus       string         `json:"payment_status"`
	TaxCurrencyCode     string         `json:"tax_currency_code"`
	Supplier            *schemas.Party `json:"accounting_supplier_party"`

	// Ours alone: never sent.
	InvoiceNumber *struct{} `json:"invoice_number,omitempty"`
	CallbackURL   *struct{} `json:"callback_url,omitempty"`

	*schemas.Invoice
}

// Body makes the body of validate and sign. typeCode is the authority's code of
// the invoice's type. inv is used up: its lines are changed.
//
// What the authority's papers call optional and its service refuses to miss is
// filled in: tax currency, payment status, supplier, base quantity and unit.
func Body(inv *schemas.Invoice, seller Seller, irn, typeCode string) ([]byte, error) {
	out := invoiceBody{
		BusinessID: seller.BusinessID, IRN: irn, IntegratorServiceID: seller.IntegratorServiceID,
		InvoiceTypeCode: typeCode, PaymentStatus: inv.PaymentStatus, TaxCurrencyCode: inv.TaxCurrency(),
		Supplier: inv.AccountingSupplierParty, Invoice: inv,
	}
	if inv.IntegratorServiceID != "" {
		out.IntegratorServiceID = inv.IntegratorServiceID
	}
	if out.PaymentStatus == "" {
		out.PaymentStatus = "PENDING"
	}
	if out.Supplier == nil {
		out.Supplier = &seller.Party
	}
	for i := range inv.InvoiceLine {
		trim(&inv.InvoiceLine[i], inv.DocumentCurrencyCode)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode invoice for the tax authority: %w", err)
	}
	return raw, nil
}

// trim takes out of a line what only our own rules need.
func trim(line *schemas.InvoiceLine, currency string) {
	line.ID, line.TaxCategory = "", ""
	if line.Price.BaseQuantity == nil {
		one := schemas.NewDecimal(1, 0)
		line.Price.BaseQuantity = &one
	}
	if line.Price.PriceUnit == "" {
		line.Price.PriceUnit = currency + " per " + line.Price.BaseQuantity.String()
	}
}
