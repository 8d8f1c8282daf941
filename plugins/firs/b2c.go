package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// ReportInvoiceB2C reports a sale to a consumer, which the authority wants
// within 24 hours of the issue.
func (c *connector) ReportInvoiceB2C(ctx context.Context, call *sdk.Call, in schemas.ReportB2CInput) error {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return err
	}
	inv, err := call.Invoice()
	if err != nil {
		return err
	}
	if err := s.own(inv); err != nil {
		return err
	}
	sale, err := s.sale(inv, in.IRN)
	if err != nil {
		return err
	}
	return s.client.ReportSale(ctx, sale)
}

// sale sums an invoice up for the report, which has room for one VAT rate.
func (s *session) sale(inv *schemas.Invoice, irn string) (mbs.Sale, error) {
	vat, other, err := splitTaxes(inv)
	if err != nil {
		return mbs.Sale{}, err
	}
	out := mbs.Sale{
		AgentTIN: s.settings.Supplier.TIN, Currency: inv.DocumentCurrencyCode, IRN: irn,
		BaseAmount:  inv.LegalMonetaryTotal.TaxExclusiveAmount.String(),
		TotalAmount: inv.LegalMonetaryTotal.TaxInclusiveAmount.String(),
		OtherTaxes:  other.String(), TransactionDate: inv.IssueDate,
		ItemDescription: describe(inv), IntegratorServiceID: s.seller.IntegratorServiceID,
		VATCalculated: vat.TaxAmount.String(), VATRate: vat.TaxCategory.Percent.Short().String(),
		VATStatus: vat.TaxCategory.ID,
	}
	if inv.AccountingSupplierParty != nil {
		out.AgentTIN = inv.AccountingSupplierParty.TIN
	}
	if inv.AccountingCustomerParty != nil {
		out.BeneficiaryTIN = inv.AccountingCustomerParty.TIN
	}
	return out, nil
}

// splitTaxes finds the invoice's VAT and sums up its other taxes. An invoice
// without VAT counts as zero-rated; two rates do not fit into one report.
func splitTaxes(inv *schemas.Invoice) (vat schemas.TaxSubtotal, other schemas.Decimal, err error) {
	vat.TaxCategory.ID = "ZERO_VAT"
	found := false
	for i := range inv.TaxTotal {
		for _, sub := range inv.TaxTotal[i].TaxSubtotal {
			switch {
			case !isVAT(sub.TaxCategory.ID):
				other = other.Add(sub.TaxAmount)
			case found:
				return vat, other, invalid("/tax_total", "several_vat_rates", "the report of a sale to a consumer has room for one VAT category",
					"Issue one invoice for each VAT category.")
			default:
				vat, found = sub, true
			}
		}
	}
	return vat, other, nil
}

// isVAT names the categories that the report knows as vat_status.
func isVAT(category string) bool {
	switch category {
	case "STANDARD_VAT", "ZERO_VAT", "REDUCED_VAT":
		return true
	}
	return false
}

// describe is the first line's item; a report has one description.
func describe(inv *schemas.Invoice) string {
	if len(inv.InvoiceLine) == 0 {
		return ""
	}
	return inv.InvoiceLine[0].Item.Name
}
