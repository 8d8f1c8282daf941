package simulator

import (
	"strconv"
	"strings"
	"time"
)

// The rules' texts. Those of tax category, date, country and minimum length are
// as recorded; choice: the others, in their style.
const (
	ruleDate     = "must be a valid date value yyyy-mm-dd (e.g: 2024-04-29)"
	ruleCategory = "must be a valid tax category, refer to the invoice resource apis"
	ruleCountry  = "must be a valid country code, refer to the invoice resource apis"
	ruleMinimum  = "must be at least in length or value 5"
	ruleRequired = "is required"
	ruleType     = "must be a valid invoice type, refer to the invoice resource apis"
	ruleCurrency = "must be a valid currency code, refer to the invoice resource apis"
	ruleStatus   = "must be one of PENDING PAID REJECTED CANCELED"
	rulePhone    = "must start with +"
	ruleTemplate = "does not match the irn template of this business"
	ruleNumber   = "must be a number"
	ruleSums     = "does not match the lines and taxes"
)

// check is the service's opinion of an invoice: the first fault or nil.
func (s *Simulator) check(rq *request) *answer {
	inv := rq.invoice
	if err := checkUUID(inv.BusinessID); err != nil {
		return refuse(handlerInvoice, err.Error(), textPublic)
	}
	// Choice: the answer to somebody else's business is not known.
	if inv.BusinessID != rq.owner.BusinessID {
		return refuse(handlerInvoice, "invoicerequest.businessid must be a business of this api key", textPublic)
	}
	if a := checkIRN(inv.IRN, rq.owner.ServiceID); a != nil {
		return a
	}
	for _, rule := range []func(*invoice) *answer{
		checkDates, checkHead, checkParties, checkReferences, checkTaxes, checkTotals, checkLines,
	} {
		if a := rule(inv); a != nil {
			return a
		}
	}
	if rq.settings.Strict {
		return checkStrict(inv)
	}
	return nil
}

// checkIRN wants {letters and digits}-{service id}-{YYYYMMDD}.
func checkIRN(irn, serviceID string) *answer {
	if irn == "" {
		return field("irn", ruleRequired)
	}
	number, rest, _ := strings.Cut(irn, "-")
	service, date, _ := strings.Cut(rest, "-")
	_, err := time.Parse("20060102", date)
	if err != nil || len(date) != 8 || service != serviceID || !isAlphanumeric(number) || len(irn) > 50 {
		return field("irn", ruleTemplate)
	}
	return nil
}

func checkDates(inv *invoice) *answer {
	if inv.IssueDate == "" {
		return field("issuedate", ruleRequired)
	}
	for _, d := range [...]struct{ path, value string }{
		{"issuedate", inv.IssueDate}, {"duedate", inv.DueDate}, {"taxpointdate", inv.TaxPointDate},
	} {
		if d.value != "" && !isDate(d.value) {
			return field(d.path, ruleDate)
		}
	}
	return nil
}

func checkHead(inv *invoice) *answer {
	switch {
	case inv.InvoiceTypeCode == "":
		return field("invoicetypecode", ruleRequired)
	case !invoiceTypes.has(inv.InvoiceTypeCode):
		return field("invoicetypecode", ruleType)
	case inv.DocumentCurrencyCode == "":
		return field("documentcurrencycode", ruleRequired)
	case !currencies.has(inv.DocumentCurrencyCode):
		return field("documentcurrencycode", ruleCurrency)
	case inv.TaxCurrencyCode == "": // optional on paper, refused in practice
		return field("taxcurrencycode", ruleRequired)
	case !currencies.has(inv.TaxCurrencyCode):
		return field("taxcurrencycode", ruleCurrency)
	case inv.PaymentStatus != "" && !isPaymentStatus(inv.PaymentStatus):
		return field("paymentstatus", ruleStatus)
	}
	return nil
}

func checkParties(inv *invoice) *answer {
	if inv.Supplier == nil { // optional on paper, needed in practice
		return field("accountingsupplierparty", ruleRequired)
	}
	if a := inv.Supplier.check("accountingsupplierparty"); a != nil {
		return a
	}
	if inv.Customer != nil {
		return inv.Customer.check("accountingcustomerparty")
	}
	if inv.InvoiceKind == "B2B" || inv.InvoiceKind == "B2G" {
		return field("accountingcustomerparty", ruleRequired)
	}
	return nil
}

func (p *party) check(path string) *answer {
	switch {
	case p.Name == "":
		return field(path+".partyname", ruleRequired)
	case len(p.TIN) < 5:
		return field(path+".tin", ruleMinimum)
	case p.Email == "":
		return field(path+".email", ruleRequired)
	case p.Telephone != "" && p.Telephone[0] != '+':
		return field(path+".telephone", rulePhone)
	case p.Address != nil && !countries.has(p.Address.Country):
		return field(path+".postaladdress.country", ruleCountry)
	}
	return nil
}

// Choice: that a credit note is refused without its original is one provider's
// statement.
func checkReferences(inv *invoice) *answer {
	if inv.InvoiceTypeCode == "380" && len(inv.BillingReference) == 0 {
		return field("billingreference", ruleRequired)
	}
	for i, ref := range inv.BillingReference {
		at := "billingreference" + index(i)
		if ref.IRN == "" {
			return field(at+".irn", ruleRequired)
		}
		if !isDate(ref.IssueDate) {
			return field(at+".issuedate", ruleDate)
		}
	}
	return nil
}

func checkTaxes(inv *invoice) *answer {
	for i := range inv.TaxTotal {
		for j := range inv.TaxTotal[i].Subtotals {
			if !taxCategories.has(inv.TaxTotal[i].Subtotals[j].Category.ID) {
				return field("taxtotal"+index(i)+".taxsubtotal"+index(j)+".taxcategory.id", ruleCategory)
			}
		}
	}
	return nil
}

func checkTotals(inv *invoice) *answer {
	if inv.Totals == nil {
		return field("legalmonetarytotal", ruleRequired)
	}
	for _, t := range [...]struct{ path, value string }{
		{"lineextensionamount", string(inv.Totals.LineExtension)}, {"taxexclusiveamount", string(inv.Totals.TaxExclusive)},
		{"taxinclusiveamount", string(inv.Totals.TaxInclusive)}, {"payableamount", string(inv.Totals.Payable)},
	} {
		if t.value == "" {
			return field("legalmonetarytotal."+t.path, ruleRequired)
		}
	}
	return nil
}

// Choice: hsn and isic codes are checked for presence only, since the full
// lists are not public.
func checkLines(inv *invoice) *answer {
	if len(inv.Lines) == 0 {
		return field("invoiceline", ruleRequired)
	}
	for i := range inv.Lines {
		if path, rule := inv.Lines[i].fault(); path != "" {
			return field("invoiceline"+index(i)+"."+path, rule)
		}
	}
	return nil
}

func (l *line) fault() (path, rule string) {
	goods, service := l.HSN != "" || l.ProductCategory != "", l.ISIC != "" || l.ServiceCategory != ""
	switch {
	case !goods && !service, goods && l.HSN == "":
		return "hsncode", ruleRequired
	case goods && service:
		return "isiccode", "must not be sent with hsncode"
	case goods && l.ProductCategory == "":
		return "productcategory", ruleRequired
	case service && l.ISIC == "":
		return "isiccode", ruleRequired
	case service && l.ServiceCategory == "":
		return "servicecategory", ruleRequired
	case l.Quantity == "":
		return "invoicedquantity", ruleRequired
	case l.LineExtension == "":
		return "lineextensionamount", ruleRequired
	case l.Item.Name == "":
		return "item.name", ruleRequired
	case l.Price.Amount == "":
		return "price.priceamount", ruleRequired
	}
	return "", ""
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

func isPaymentStatus(s string) bool {
	switch s {
	case "PENDING", "PAID", "REJECTED", "CANCELED":
		return true
	}
	return false
}
