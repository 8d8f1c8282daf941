package invoice

import (
	"regexp"
	"strings"
	"sync"

	"github.com/afara-dev/afara/schemas"
)

func (f *faults) parties(inv *schemas.Invoice, d Defaults) {
	if d.BusinessID != "" && inv.BusinessID != "" && !strings.EqualFold(inv.BusinessID, d.BusinessID) {
		f.add("/business_id", "business_id", "This is not the business of the connection, "+d.BusinessID+".", "Leave business_id out, or use the connection of that business.")
	}
	f.supplier(inv.AccountingSupplierParty, d.Supplier)
	if (inv.InvoiceKind == "B2B" || inv.InvoiceKind == "B2G") && inv.AccountingCustomerParty == nil {
		f.add("/accounting_customer_party", "customer_required", "An invoice to a business or to government names its buyer.", "Add accounting_customer_party, or write invoice_kind B2C.")
	}
	for _, p := range []struct {
		name  string
		party *schemas.Party
	}{
		{"accounting_supplier_party", inv.AccountingSupplierParty},
		{"accounting_customer_party", inv.AccountingCustomerParty},
		{"payee_party", inv.PayeeParty},
		{"tax_representative_party", inv.TaxRepresentativeParty},
	} {
		if p.party != nil {
			f.tin(p.party, at(p.name, "tin"))
		}
	}
}

// supplier compares each field that both have: a seller that is not quite the
// connection's would be registered under the connection's name all the same.
func (f *faults) supplier(given, own *schemas.Party) {
	if given == nil || own == nil {
		return
	}
	f.same("party_name", given.PartyName, own.PartyName)
	f.same("tin", given.TIN, own.TIN)
	f.same("email", given.Email, own.Email)
	f.same("telephone", given.Telephone, own.Telephone)
	f.same("business_description", given.BusinessDescription, own.BusinessDescription)
	if given.PostalAddress == nil || own.PostalAddress == nil {
		return
	}
	a, b := given.PostalAddress, own.PostalAddress
	f.same("postal_address/street_name", a.StreetName, b.StreetName)
	f.same("postal_address/city_name", a.CityName, b.CityName)
	f.same("postal_address/postal_zone", a.PostalZone, b.PostalZone)
	f.same("postal_address/state", a.State, b.State)
	f.same("postal_address/lga", a.LGA, b.LGA)
	f.same("postal_address/country", a.Country, b.Country)
}

func (f *faults) same(field, given, own string) {
	if given == "" || own == "" || fold(collapse(given), "lower") == fold(collapse(own), "lower") {
		return
	}
	f.add("/accounting_supplier_party/"+field, "supplier", "The connection's seller has another value: "+own+".", "Leave accounting_supplier_party out, or correct the connection.")
}

// nigerianTIN is what the authority gives out: 8 and 4 digits, the 10 digits of
// a person, or the 13 digits of the tax id of 2026; and what stands in for one.
var nigerianTIN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9]{8}-[0-9]{4}|[0-9]{10}|[0-9]{13}|(?:TIN|RN)-[0-9A-Za-z]{3,16})$`)
})

// tin checks the form in Nigeria; elsewhere the schema's is all we know.
func (f *faults) tin(p *schemas.Party, pointer string) {
	abroad := p.PostalAddress != nil && p.PostalAddress.Country != "NG"
	if p.TIN == "" || abroad || nigerianTIN().MatchString(p.TIN) {
		return
	}
	f.add(pointer, "tin", "This is no Nigerian taxpayer identification number.", "Write 8 digits, a dash and 4 digits, e.g. 12345678-0001; for a buyer abroad give the country in postal_address.")
}
