package invoice

import "github.com/afara-dev/afara/schemas"

// cents is the number of decimals of every amount.
const cents = 2

func one() schemas.Decimal { return schemas.NewDecimal(1, 0) }

// lineAmount is quantity × price / base quantity, before discount and fee. It
// is not ok for a base quantity of 0, which the schema refuses.
func lineAmount(line *schemas.InvoiceLine) (amount schemas.Decimal, ok bool) {
	baseQuantity := one()
	if line.Price.BaseQuantity != nil {
		baseQuantity = *line.Price.BaseQuantity
	}
	if baseQuantity.IsZero() {
		return schemas.Decimal{}, false
	}
	return line.InvoicedQuantity.Mul(line.Price.PriceAmount).Div(baseQuantity, cents), true
}

// netAmount is what of a line is taxed: less discount, plus fee.
func netAmount(line *schemas.InvoiceLine) schemas.Decimal {
	return line.LineExtensionAmount.Sub(value(line.DiscountAmount)).Add(value(line.FeeAmount))
}

// share is percent of amount, rounded.
func share(amount, percent schemas.Decimal) schemas.Decimal {
	return amount.Mul(percent).Div(schemas.NewDecimal(100, 0), cents)
}

func value(d *schemas.Decimal) schemas.Decimal {
	if d == nil {
		return schemas.Decimal{}
	}
	return *d
}

func (f *faults) lines(inv *schemas.Invoice) {
	seen := map[string]bool{}
	for i := range inv.InvoiceLine {
		line := &inv.InvoiceLine[i]
		if line.ID != "" && seen[line.ID] {
			f.add(at("invoice_line", i, "id"), "duplicate_line_id", "Another line has this id.", "Give each line an id of its own, or leave id out.")
		}
		seen[line.ID] = true
		f.line(line, i)
	}
}

func (f *faults) line(line *schemas.InvoiceLine, i int) {
	if want, ok := lineAmount(line); ok {
		f.expect(at("invoice_line", i, "line_extension_amount"), "line_amount", line.LineExtensionAmount, want, "Quantity × price ÷ base quantity")
	}
	f.rated(line.LineExtensionAmount, line.DiscountRate, line.DiscountAmount, at("invoice_line", i, "discount_amount"), "discount_amount", "The discount rate")
	f.rated(line.LineExtensionAmount, line.FeeRate, line.FeeAmount, at("invoice_line", i, "fee_amount"), "fee_amount", "The fee rate")
	if value(line.DiscountAmount).Cmp(line.LineExtensionAmount) > 0 {
		f.add(at("invoice_line", i, "discount_amount"), "discount_exceeds_line", "The discount is more than the line amount, "+line.LineExtensionAmount.Short().String()+".", "Lower the discount; a credit note gives money back.")
	}
}

// rated holds an amount to its rate, when both are given.
func (f *faults) rated(of schemas.Decimal, rate, amount *schemas.Decimal, pointer, code, how string) {
	if rate != nil && amount != nil {
		f.expect(pointer, code, *amount, share(of, *rate), how+" of the line amount")
	}
}

// totals checks the sums of the document.
func (f *faults) totals(inv *schemas.Invoice) {
	total := inv.LegalMonetaryTotal
	var lines, net schemas.Decimal
	for i := range inv.InvoiceLine {
		lines = lines.Add(inv.InvoiceLine[i].LineExtensionAmount)
		net = net.Add(netAmount(&inv.InvoiceLine[i]))
	}
	for _, a := range inv.AllowanceCharge {
		if a.ChargeIndicator {
			net = net.Add(a.Amount)
		} else {
			net = net.Sub(a.Amount)
		}
	}
	f.expect("/legal_monetary_total/line_extension_amount", "line_total", total.LineExtensionAmount, lines, "The sum of the lines")
	if net.Sign() < 0 {
		f.add("/allowance_charge", "allowance_exceeds_total", "Discounts and allowances are more than the lines and charges.", "Lower them; a credit note gives money back.")
	} else {
		f.expect("/legal_monetary_total/tax_exclusive_amount", "tax_exclusive", total.TaxExclusiveAmount, net, "Lines − discounts + fees − allowances + charges")
	}
	f.expect("/legal_monetary_total/tax_inclusive_amount", "tax_inclusive", total.TaxInclusiveAmount, total.TaxExclusiveAmount.Add(taxAmount(inv)), "Total without tax + tax")
	f.expect("/legal_monetary_total/payable_amount", "payable", total.PayableAmount, total.TaxInclusiveAmount.Sub(withheld(inv)), "Total with tax − withholding tax")
}
