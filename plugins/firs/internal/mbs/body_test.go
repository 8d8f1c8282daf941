package mbs_test

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/schemas"
)

var seller = mbs.Seller{BusinessID: "3fa85f64-5717-4562-b3fc-2c963f66afa6", IntegratorServiceID: "SI000001",
	Party: schemas.Party{PartyName: "Ada Foods", TIN: "15631438-0242", Email: "a@ada.ng"}}

func bodyOf(t *testing.T, submitted string) string {
	t.Helper()
	var inv schemas.Invoice
	if err := json.Unmarshal([]byte(submitted), &inv); err != nil {
		t.Fatal(err)
	}
	raw, err := mbs.Body(&inv, seller, "A1-59854B81-20261123", "381")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheBodyIsTheInvoiceInTheAuthoritysShape(t *testing.T) {
	t.Parallel()
	got := bodyOf(t, `{"invoice_number":"A-1","callback_url":"https://a.ng/x","issue_date":"2026-11-23","invoice_type_code":"381",
		"document_currency_code":"NGN","payment_status":"PAID",
		"legal_monetary_total":{"line_extension_amount":100.10,"tax_exclusive_amount":100.10,"tax_inclusive_amount":100.10,"payable_amount":100.10},
		"invoice_line":[{"id":"1","hsn_code":"2203.00","product_category":"Beer","invoiced_quantity":2,"line_extension_amount":100.10,
			"tax_category":"STANDARD_VAT","item":{"name":"Stout"},"price":{"price_amount":50.05}}]}`)
	want := `{"business_id":"3fa85f64-5717-4562-b3fc-2c963f66afa6","irn":"A1-59854B81-20261123","integrator_service_id":"SI000001",` +
		`"invoice_type_code":"381","payment_status":"PAID","tax_currency_code":"NGN",` +
		`"accounting_supplier_party":{"party_name":"Ada Foods","tin":"15631438-0242","email":"a@ada.ng"},` +
		`"issue_date":"2026-11-23","document_currency_code":"NGN",` +
		`"legal_monetary_total":{"line_extension_amount":100.10,"tax_exclusive_amount":100.10,"tax_inclusive_amount":100.10,"payable_amount":100.10},` +
		`"invoice_line":[{"hsn_code":"2203.00","product_category":"Beer","invoiced_quantity":2,"line_extension_amount":100.10,` +
		`"item":{"name":"Stout"},"price":{"price_amount":50.05,"base_quantity":1,"price_unit":"NGN per 1"}}]}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatTheInvoiceSaysItselfStands(t *testing.T) {
	t.Parallel()
	var got map[string]any
	raw := bodyOf(t, `{"invoice_number":"A-1","issue_date":"2026-11-23","document_currency_code":"USD","tax_currency_code":"NGN",
		"integrator_service_id":"OTHER001","accounting_supplier_party":{"party_name":"B","tin":"12345","email":"b@b.ng"},
		"invoice_line":[{"price":{"price_amount":1,"base_quantity":12,"price_unit":"USD per dozen"}}]}`)
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		t.Fatal(err)
	}
	price := got["invoice_line"].([]any)[0].(map[string]any)["price"].(map[string]any)
	if got["tax_currency_code"] != "NGN" || got["integrator_service_id"] != "OTHER001" || got["payment_status"] != "PENDING" ||
		got["accounting_supplier_party"].(map[string]any)["tin"] != "12345" || price["price_unit"] != "USD per dozen" {
		t.Errorf("got %s", raw)
	}
}

func BenchmarkBody(b *testing.B) {
	doc := schemas.Sample("INV-1", "2026-11-23")
	b.ReportAllocs()
	for b.Loop() {
		var inv schemas.Invoice
		if err := json.Unmarshal(doc, &inv); err != nil {
			b.Fatal(err)
		}
		if _, err := mbs.Body(&inv, seller, "INV1-59854B81-20261123", "381"); err != nil {
			b.Fatal(err)
		}
	}
}
