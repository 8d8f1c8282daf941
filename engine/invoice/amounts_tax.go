package invoice

import (
	"fmt"

	"github.com/afara-dev/afara/schemas"
)

// withholdingTax is kept back by the buyer: it lowers what is payable, comes
// on top of nothing, and is taken of an amount that another tax is taken of
// too.
const withholdingTax = "WITHHOLDING_TAX"

// eachSubtotal visits the subtotals with their places.
func eachSubtotal(inv *schemas.Invoice, visit func(t, s int, sub *schemas.TaxSubtotal)) {
	for t := range inv.TaxTotal {
		for s := range inv.TaxTotal[t].TaxSubtotal {
			visit(t, s, &inv.TaxTotal[t].TaxSubtotal[s])
		}
	}
}

// taxAmount is the tax that comes on top of the total without tax.
func taxAmount(inv *schemas.Invoice) schemas.Decimal { return taxSum(inv, false) }

// withheld is the tax that the buyer keeps back.
func withheld(inv *schemas.Invoice) schemas.Decimal { return taxSum(inv, true) }

func taxSum(inv *schemas.Invoice, withholding bool) schemas.Decimal {
	var sum schemas.Decimal
	eachSubtotal(inv, func(_, _ int, sub *schemas.TaxSubtotal) {
		if (sub.TaxCategory.ID == withholdingTax) == withholding {
			sum = sum.Add(sub.TaxAmount)
		}
	})
	return sum
}

func (f *faults) taxes(inv *schemas.Invoice) {
	for t := range inv.TaxTotal {
		var sum schemas.Decimal
		for _, sub := range inv.TaxTotal[t].TaxSubtotal {
			sum = sum.Add(sub.TaxAmount)
		}
		f.expect(at("tax_total", t, "tax_amount"), "tax_total", inv.TaxTotal[t].TaxAmount, sum, "The sum of the subtotals")
	}
	taxable, ordinary := f.subtotals(inv)
	if len(taxable) == 0 {
		f.lineCategories(inv, taxable, false)
		return
	}
	if f.lineCategories(inv, taxable, ordinary > 1) && len(inv.AllowanceCharge) == 0 {
		f.taxableByCategory(inv, taxable)
		return
	}
	f.taxableTotal(inv, taxable)
}

// subtotals checks each by itself, and gives the ordinary ones by category
// with their number.
func (f *faults) subtotals(inv *schemas.Invoice) (byCategory map[string]place, ordinary int) {
	byCategory = map[string]place{}
	seen := map[string]bool{}
	eachSubtotal(inv, func(t, s int, sub *schemas.TaxSubtotal) {
		here := at("tax_total", t, "tax_subtotal", s)
		id, percent := sub.TaxCategory.ID, sub.TaxCategory.Percent
		f.expect(here+"/tax_amount", "tax_amount", sub.TaxAmount, share(sub.TaxableAmount, percent), fmt.Sprintf("%s%% of %s", percent.Short(), sub.TaxableAmount.Short()))
		f.rate(id, percent, here+"/tax_category/percent")
		if seen[id] {
			f.add(here+"/tax_category/id", "duplicate_tax_category", "Another subtotal has this category.", "Join the subtotals of one category.")
		}
		seen[id] = true
		if id == withholdingTax {
			f.withholdingBase(inv, sub, here)
			return
		}
		byCategory[id] = place{pointer: here + "/taxable_amount", taxable: sub.TaxableAmount}
		ordinary++
	})
	return byCategory, ordinary
}

// place is a subtotal's taxable amount and where it stands.
type place struct {
	pointer string
	taxable schemas.Decimal
}

func (f *faults) withholdingBase(inv *schemas.Invoice, sub *schemas.TaxSubtotal, here string) {
	if sub.TaxableAmount.Cmp(inv.LegalMonetaryTotal.TaxExclusiveAmount) > 0 {
		f.add(here+"/taxable_amount", "taxable_amount", "Tax is withheld of more than the total without tax.", "Write at most "+inv.LegalMonetaryTotal.TaxExclusiveAmount.Short().String()+".")
	}
}

// rate holds the categories to the rates that the law gives them. The others
// have rates of their own.
func (f *faults) rate(category string, percent schemas.Decimal, pointer string) {
	standard := schemas.NewDecimal(75, -1)
	switch category {
	case "STANDARD_VAT":
		if !percent.Equal(standard) {
			f.add(pointer, "tax_rate", "The standard rate of VAT is 7.5 percent.", "Write 7.5, or another category.")
		}
	case "REDUCED_VAT":
		if percent.Cmp(standard) > 0 || percent.Sign() <= 0 {
			f.add(pointer, "tax_rate", "A reduced rate of VAT is above 0 and at most 7.5 percent.", "Write the reduced rate, or another category.")
		}
	case "ZERO_VAT", "ZERO_GST", "EXEMPTED":
		if !percent.IsZero() {
			f.add(pointer, "tax_rate", "This category bears no tax.", "Write 0, or another category.")
		}
	}
}

// lineCategories checks what the lines say of their tax. It reports whether
// every line names a subtotal, so that each can be held to its lines.
func (f *faults) lineCategories(inv *schemas.Invoice, subtotals map[string]place, mandatory bool) bool {
	complete := true
	for i := range inv.InvoiceLine {
		category := inv.InvoiceLine[i].TaxCategory
		_, known := subtotals[category]
		complete = complete && known
		switch {
		case category == "" && mandatory:
			f.add(at("invoice_line", i, "tax_category"), "tax_category_required", "With more than one tax subtotal each line says which one taxes it.", "Add tax_category with the id of a subtotal.")
		case category != "" && !known:
			f.add(at("invoice_line", i, "tax_category"), "tax_category_unknown", "No subtotal has this category.", "Name the category of a subtotal, or add the subtotal.")
		}
	}
	return complete
}

// taxableByCategory holds each subtotal to the lines that name it. Allowances
// and charges of the document belong to no line, so that with them only the
// total can be checked.
func (f *faults) taxableByCategory(inv *schemas.Invoice, subtotals map[string]place) {
	sums := map[string]schemas.Decimal{}
	for i := range inv.InvoiceLine {
		line := &inv.InvoiceLine[i]
		sums[line.TaxCategory] = sums[line.TaxCategory].Add(netAmount(line))
	}
	eachSubtotal(inv, func(_, _ int, sub *schemas.TaxSubtotal) {
		if p, ok := subtotals[sub.TaxCategory.ID]; ok {
			f.expect(p.pointer, "taxable_amount", p.taxable, sums[sub.TaxCategory.ID], "The sum of the lines of this category")
			delete(subtotals, sub.TaxCategory.ID)
		}
	})
}

func (f *faults) taxableTotal(inv *schemas.Invoice, subtotals map[string]place) {
	var sum schemas.Decimal
	eachSubtotal(inv, func(_, _ int, sub *schemas.TaxSubtotal) {
		if sub.TaxCategory.ID != withholdingTax {
			sum = sum.Add(sub.TaxableAmount)
		}
	})
	want := inv.LegalMonetaryTotal.TaxExclusiveAmount
	if sum.Equal(want) {
		return
	}
	pointer := "/tax_total"
	if len(subtotals) == 1 {
		for _, p := range subtotals {
			pointer = p.pointer
		}
	}
	f.expect(pointer, "taxable_total", sum, want, "The total without tax")
}
