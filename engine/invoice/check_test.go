package invoice_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

func codes(faults []domain.FieldError) string {
	var out []string
	for _, f := range faults {
		out = append(out, f.Code+"@"+f.Pointer)
	}
	return strings.Join(out, " ")
}

func TestTheDayIsTheDayInLagos(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now    time.Time
		future bool
	}{
		"an hour before midnight UTC it is tomorrow in Lagos": {at("2025-08-04T23:00:00Z"), false},
		"five minutes of clock difference are forgiven":       {at("2025-08-04T22:55:00Z"), false},
		"six are not":                         {at("2025-08-04T22:54:00Z"), true},
		"a server's own zone does not matter": {at("2025-08-04T22:54:00Z").In(time.FixedZone("east", 14*3600)), true},
	} {
		faults := invoice.Check(read(t, "digitax_sample"), seller(), c.now)
		if got := codes(faults) == "issue_date_in_future@/issue_date"; got != c.future || !c.future && len(faults) > 0 {
			t.Errorf("%s: %s", name, codes(faults))
		}
	}
}

func TestRoundingIsHalfUpInOneStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ quantity, price, base, want string }{
		"a half goes up":                   {"1.5", "0.03", "1", "0.05"},      // 0.045
		"just under stays down":            {"0.333333", "0.03", "1", "0.01"}, // 0.00999999
		"a third":                          {"1", "100", "3", "33.33"},
		"two thirds":                       {"1", "200", "3", "66.67"},
		"no double rounding":               {"1", "0.04", "9", "0"},        // 0.00444…
		"a half after a division":          {"1", "0.01", "2", "0.01"},     // 0.005
		"a hair under a half":              {"0.999999", "0.01", "2", "0"}, // 0.004999995
		"what binary floats get wrong":     {"1", "1.005", "1", "1.01"},    // 1.00499… as a float
		"large amounts stay exact":         {"999999", "999999.99", "1", "999998990000.01"},
		"quantities with six decimals too": {"0.000001", "999999.99", "1", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := read(t, "consumer_minimal")
			line := &inv.InvoiceLine[0]
			base := number(t, c.base)
			line.InvoicedQuantity, line.Price = number(t, c.quantity), schemas.Price{PriceAmount: number(t, c.price), BaseQuantity: &base}
			line.LineExtensionAmount = number(t, c.want)
			total := &inv.LegalMonetaryTotal
			total.LineExtensionAmount, total.TaxExclusiveAmount = line.LineExtensionAmount, line.LineExtensionAmount
			total.TaxInclusiveAmount, total.PayableAmount = line.LineExtensionAmount, line.LineExtensionAmount
			if faults := invoice.Check(inv, seller(), moment()); len(faults) > 0 {
				t.Errorf("%+v", faults)
			}
		})
	}
}

func number(t testing.TB, s string) schemas.Decimal {
	t.Helper()
	d, err := schemas.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAFaultShowsTheExpectedValue(t *testing.T) {
	t.Parallel()
	inv := read(t, "digitax_sample")
	inv.LegalMonetaryTotal.PayableAmount = number(t, "104.27")
	faults := invoice.Check(inv, seller(), moment())
	if len(faults) != 1 || !strings.Contains(faults[0].Detail, "104.28") || !strings.Contains(faults[0].Fix, "104.28") {
		t.Errorf("%+v", faults)
	}
}

func TestTheConnectionsSellerMayBeRepeated(t *testing.T) {
	t.Parallel()
	inv := read(t, "digitax_sample")
	inv.BusinessID = strings.ToUpper(seller().BusinessID)
	inv.AccountingSupplierParty = seller().Supplier
	if faults := invoice.Check(inv, seller(), moment()); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
	inv.AccountingSupplierParty = &schemas.Party{PartyName: "Another", TIN: "12345678-0001", Email: "other@example.com"}
	want := "supplier@/accounting_supplier_party/party_name supplier@/accounting_supplier_party/email"
	if got := codes(invoice.Check(inv, seller(), moment())); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if faults := invoice.Check(inv, invoice.Defaults{}, moment()); len(faults) > 0 {
		t.Errorf("a connection without a seller compares nothing, but %+v", faults)
	}
}

func TestCheckBearsAnInvoiceThatTheSchemaWouldRefuse(t *testing.T) {
	t.Parallel()
	zero := schemas.Decimal{}
	for name, inv := range map[string]*schemas.Invoice{
		"nothing at all":     {},
		"base quantity of 0": {InvoiceLine: []schemas.InvoiceLine{{Price: schemas.Price{BaseQuantity: &zero}}}},
		"no lines, taxes":    {TaxTotal: []schemas.TaxTotal{{TaxSubtotal: []schemas.TaxSubtotal{{}}}}},
		"short IRN":          {BillingReference: []schemas.DocumentReference{{IRN: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invoice.Check(inv, seller(), moment()) // must not panic
		})
	}
}

func TestReadCountsWhatItDoesNotList(t *testing.T) {
	t.Parallel()
	inv := read(t, "consumer_minimal")
	line := inv.InvoiceLine[0]
	line.LineExtensionAmount = number(t, "2")
	inv.InvoiceLine = nil
	for range 150 {
		inv.InvoiceLine = append(inv.InvoiceLine, line)
	}
	_, _, err := invoice.Read(marshal(t, inv), seller(), moment())
	var refusal *domain.Error
	if !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	if len(refusal.Fields) != schemas.MaxViolations || refusal.Extra["moreErrors"] != 52 {
		t.Errorf("%d fields, more %v", len(refusal.Fields), refusal.Extra)
	}
}

func TestTheSampleIsAcceptedUnderAnyNumberAndDay(t *testing.T) {
	t.Parallel()
	_, inv, err := invoice.Read(schemas.Sample("DEMO-7", "2025-08-01"), seller(), moment())
	if err != nil {
		t.Fatal(err)
	}
	if inv.InvoiceNumber != "DEMO-7" || inv.IssueDate != "2025-08-01" || inv.DueDate != "2025-08-01" {
		t.Errorf("got %s of %s, due %s", inv.InvoiceNumber, inv.IssueDate, inv.DueDate)
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func BenchmarkRead(b *testing.B) {
	body, d := schemas.SampleInvoice(), seller()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := invoice.Read(body, d, at("2026-01-01T00:00:00Z")); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"issue_date":"2025-08-05","invoice_line":[{"price":{"base_quantity":0}}],"billing_reference":[{"irn":"x"}]}`))
	f.Add([]byte(`{"tax_total":[{"tax_subtotal":[{"taxable_amount":1e59,"tax_category":{"id":"WITHHOLDING_TAX","percent":-1}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, inv, err := invoice.Read(body, seller(), moment())
		var refusal *domain.Error
		if (inv == nil) == (err == nil) || err != nil && !errors.As(err, &refusal) {
			t.Fatalf("invoice %v, error %v", inv, err)
		}
		if refusal != nil && len(refusal.Fields) == 0 {
			t.Fatalf("refused without a reason: %v", refusal)
		}
	})
}
