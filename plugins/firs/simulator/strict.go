package simulator

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

// checkStrict is a choice: whether the service checks the arithmetic, or the
// IRN's date against the issue date, is not known. The sums are those of a
// known-good sample, in which the lines' amounts stand before discount and fee.
func checkStrict(inv *invoice) *answer {
	if !strings.HasSuffix(inv.IRN, "-"+strings.ReplaceAll(inv.IssueDate, "-", "")) {
		return field("irn", "must end with the issue date")
	}
	var sums reader
	lines, net := decimal.Zero, decimal.Zero
	for i := range inv.Lines {
		l := &inv.Lines[i]
		base := sums.number(l.Price.Base)
		if base.IsZero() {
			base = decimal.NewFromInt(1)
		}
		want := sums.number(l.Quantity).Mul(sums.number(l.Price.Amount)).DivRound(base, 2)
		if got := sums.number(l.LineExtension); !got.Equal(want) {
			return field("invoiceline"+index(i)+".lineextensionamount", "must be "+want.String())
		}
		lines = lines.Add(want)
		net = net.Add(want).Sub(sums.number(l.Discount)).Add(sums.number(l.Fee))
	}
	for _, a := range inv.AllowanceCharge {
		if amount := sums.number(a.Amount); a.Charge {
			net = net.Add(amount)
		} else {
			net = net.Sub(amount)
		}
	}
	tax, a := sums.taxes(inv)
	if a != nil {
		return a
	}
	gross := net.Add(tax)
	for _, t := range [...]struct {
		path string
		got  json.Number
		want decimal.Decimal
	}{
		{"lineextensionamount", inv.Totals.LineExtension, lines},
		{"taxexclusiveamount", inv.Totals.TaxExclusive, net},
		{"taxinclusiveamount", inv.Totals.TaxInclusive, gross},
	} {
		if got := sums.number(t.got); !got.Equal(t.want) {
			return field("legalmonetarytotal."+t.path, ruleSums)
		}
	}
	if sums.bad {
		return field("legalmonetarytotal", ruleNumber)
	}
	return nil
}

// reader reads decimals and remembers whether one was none.
type reader struct{ bad bool }

func (r *reader) number(n json.Number) decimal.Decimal {
	if n == "" {
		return decimal.Zero
	}
	d, err := decimal.NewFromString(string(n))
	if err != nil || d.Exponent() > 20 || d.Exponent() < -20 {
		r.bad = true
		return decimal.Zero
	}
	return d
}

func (r *reader) taxes(inv *invoice) (decimal.Decimal, *answer) {
	all := decimal.Zero
	for i, total := range inv.TaxTotal {
		sum := decimal.Zero
		for j, sub := range total.Subtotals {
			want := r.number(sub.Taxable).Mul(r.number(sub.Category.Percent)).Shift(-2).Round(2)
			if !r.number(sub.Amount).Equal(want) {
				return all, field("taxtotal"+index(i)+".taxsubtotal"+index(j)+".taxamount", "must be "+want.String())
			}
			sum = sum.Add(want)
		}
		if !r.number(total.Amount).Equal(sum) {
			return all, field("taxtotal"+index(i)+".taxamount", ruleSums)
		}
		all = all.Add(sum)
	}
	return all, nil
}
