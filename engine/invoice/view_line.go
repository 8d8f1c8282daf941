package invoice

import (
	"strconv"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

func viewTaxes(inv *schemas.Invoice) []schemas.ViewTax {
	taxes := []schemas.ViewTax{}
	for _, total := range inv.TaxTotal {
		for _, sub := range total.TaxSubtotal {
			taxes = append(taxes, schemas.ViewTax{
				TaxCategoryCode: sub.TaxCategory.ID,
				TaxAmount:       sub.TaxAmount.Short(),
				TaxableAmount:   sub.TaxableAmount.Short(),
				TaxPercentage:   sub.TaxCategory.Percent.Short(),
			})
		}
	}
	return taxes
}

func viewItems(inv *schemas.Invoice, s ViewState) []schemas.ViewItem {
	rates := taxRates(inv)
	items := make([]schemas.ViewItem, len(inv.InvoiceLine))
	for i := range inv.InvoiceLine {
		line := &inv.InvoiceLine[i]
		items[i] = schemas.ViewItem{
			ID:                  LineID(s.ID, i),
			CreatedAt:           wire(s.CreatedAt),
			UpdatedAt:           wire(s.CreatedAt), // a line never changes: a correction is a new document
			Active:              s.Status != StatusCancelled,
			ItemID:              string(itemOf(s, i, line)),
			LineExtensionAmount: line.LineExtensionAmount.Short(),
			Quantity:            line.InvoicedQuantity.Short(),
			PriceAmount:         line.Price.PriceAmount.Short(),
			DiscountRate:        fraction(line.DiscountRate),
			FeeRate:             fraction(line.FeeRate),
			DiscountAmount:      short(line.DiscountAmount),
			FeeAmount:           short(line.FeeAmount),
			TaxRate:             fraction(rates.of(line)),
		}
	}
	return items
}

// LineID is the id of the line at index of an invoice, the same whenever it is
// asked for.
func LineID(id domain.InvoiceID, index int) string {
	return domain.HashID[string](domain.PrefixInvoiceItem, string(id), strconv.Itoa(index))
}

func itemOf(s ViewState, index int, line *schemas.InvoiceLine) domain.ItemID {
	if index < len(s.Items) {
		return s.Items[index]
	}
	return ItemOf(s.Environment, line)
}

// lineRates knows the percentage that taxes a line.
type lineRates struct {
	only *schemas.Decimal // of every line, when there is one subtotal
	byID map[string]schemas.Decimal
}

func taxRates(inv *schemas.Invoice) lineRates {
	r := lineRates{byID: map[string]schemas.Decimal{}}
	for _, total := range inv.TaxTotal {
		for _, sub := range total.TaxSubtotal {
			if sub.TaxCategory.ID == withholdingTax {
				continue
			}
			r.byID[sub.TaxCategory.ID] = sub.TaxCategory.Percent
		}
	}
	if len(r.byID) == 1 {
		for _, percent := range r.byID {
			r.only = &percent
		}
	}
	return r
}

func (r lineRates) of(line *schemas.InvoiceLine) *schemas.Decimal {
	if line.TaxCategory == "" {
		return r.only
	}
	percent, ok := r.byID[line.TaxCategory]
	if !ok {
		return nil
	}
	return &percent
}

// fraction turns percent into a fraction: 7.5 into 0.075.
func fraction(percent *schemas.Decimal) *schemas.Decimal {
	if percent == nil {
		return nil
	}
	f := percent.Mul(schemas.NewDecimal(1, -2)).Short()
	return &f
}

func short(d *schemas.Decimal) *schemas.Decimal {
	if d == nil {
		return nil
	}
	s := d.Short()
	return &s
}
