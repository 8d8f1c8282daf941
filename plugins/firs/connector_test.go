package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	classInvalid       = connectorpb.Class_CLASS_INVALID
	classRejected      = connectorpb.Class_CLASS_REJECTED
	classUnauthorized  = connectorpb.Class_CLASS_UNAUTHORIZED
	classMisconfigured = connectorpb.Class_CLASS_MISCONFIGURED
	classRateLimited   = connectorpb.Class_CLASS_RATE_LIMITED
	classUnavailable   = connectorpb.Class_CLASS_UNAVAILABLE
	classUnknown       = connectorpb.Class_CLASS_UNKNOWN_OUTCOME
)

func TestAnInvoiceGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	out, failure := b.invoke(t, "invoice.prepare", schemas.PrepareInput{ReferenceKey: key, IssueDate: issueDate}, call{})
	if failure != nil {
		t.Fatal(failure)
	}
	var prepared schemas.PrepareOutput
	if err := json.Unmarshal([]byte(out), &prepared); err != nil || prepared.IRN != b.irn {
		t.Fatalf("prepared %s, want irn %s", out, b.irn)
	}
	verdict, err := b.authority.CheckStamp(simulator.StampCheck{QR: prepared.QRCodeData, IRN: b.irn})
	if err != nil || !verdict.Checked || len(prepared.QRCodeData) != 344 {
		t.Fatalf("the authority does not open the QR: %+v, %v", verdict, err)
	}
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"not_found"}`)
	b.want(t, "invoice.validate", b.about(), `{}`)
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"not_found"}`)
	b.want(t, "invoice.sign", b.about(), `{}`)
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"found_final"}`)
	if asked, _ := b.authority.Asked(b.irn); asked != (simulator.Asked{Validates: 1, Signs: 1, Confirms: 3, Searches: 3, Registered: 1}) {
		t.Errorf("the authority was asked %+v", asked)
	}
}

func TestPrepareGivesOneIRNAndAsksNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("baseUrl", "http://127.0.0.1:1") // nobody there
	in := schemas.PrepareInput{ReferenceKey: key, IssueDate: issueDate}
	first, failure := b.invoke(t, "invoice.prepare", in, call{})
	if failure != nil {
		t.Fatal(failure)
	}
	second, _ := b.invoke(t, "invoice.prepare", in, call{})
	var one, two schemas.PrepareOutput
	if json.Unmarshal([]byte(first), &one) != nil || json.Unmarshal([]byte(second), &two) != nil || one.IRN != two.IRN {
		t.Fatalf("%s and %s", first, second)
	}
	b.wantError(t, "invoice.prepare", schemas.PrepareInput{ReferenceKey: "INV-1", IssueDate: issueDate}, call{}, classInvalid, "irn_impossible")
}

func TestWhatTheAuthorityKeepsIsTheInvoiceInItsOwnWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changes := map[string]any{
		"callback_url": "https://example.ng/hook", "accounting_supplier_party": nil, "tax_currency_code": nil,
		"invoice_line.0.tax_category": "STANDARD_VAT", "invoice_line.0.price.base_quantity": nil,
	}
	if _, failure := b.invoke(t, "invoice.sign", b.about(), call{changes: changes}); failure != nil {
		t.Fatal(failure)
	}
	out, failure := b.invoke(t, "firs.download", b.about(), call{})
	if failure != nil {
		t.Fatal(failure)
	}
	var kept struct{ Invoice map[string]any }
	if err := json.Unmarshal([]byte(out), &kept); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"irn": b.irn, "business_id": b.business.BusinessID, "tax_currency_code": "NGN", "payment_status": "PENDING",
		"invoice_number": nil, "callback_url": nil,
	} {
		if got := kept.Invoice[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	supplier, _ := kept.Invoice["accounting_supplier_party"].(map[string]any)
	if supplier["tin"] != b.business.TIN {
		t.Errorf("supplier is %v", supplier)
	}
	lines, _ := kept.Invoice["invoice_line"].([]any)
	line, _ := lines[0].(map[string]any)
	if _, sent := line["tax_category"]; sent || fmt.Sprint(line["price"].(map[string]any)["base_quantity"]) != "1" {
		t.Errorf("line is %v", line)
	}
}

func TestACreditNoteIsRegisteredWithItsOriginal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changes := map[string]any{"invoice_type_code": "380"}
	failure := b.wantError(t, "invoice.validate", b.about(), call{changes: changes}, classRejected, "refused_by_authority")
	if failure.Fields[0].Pointer != "/billing_reference" {
		t.Errorf("points to %q", failure.Fields[0].Pointer)
	}
	changes["billing_reference"] = []map[string]string{{"irn": "A1-" + b.business.ServiceID + "-20261101", "issue_date": "2026-11-01"}}
	if _, failure := b.invoke(t, "invoice.sign", b.about(), call{changes: changes}); failure != nil {
		t.Fatal(failure)
	}
}

func TestARefusalPointsToTheSubmittedField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		path    string
		value   any
		pointer string
		text    string
	}{
		{"tax_total.0.tax_subtotal.0.tax_category.id", "NO_TAX", "/tax_total/0/tax_subtotal/0/tax_category/id",
			"invoicerequest.invoice.taxtotal[0].taxsubtotal[0].taxcategory.id must be a valid tax category, refer to the invoice resource apis"},
		{"tax_point_date", "23-11-2026", "/tax_point_date",
			"invoicerequest.invoice.taxpointdate must be a valid date value yyyy-mm-dd (e.g: 2024-04-29)"},
		{"accounting_supplier_party", map[string]any{"party_name": "A", "tin": "15631438-0242", "email": "a@b.ng", "postal_address": map[string]any{"country": "XX"}},
			"/accounting_supplier_party/postal_address/country",
			"invoicerequest.invoice.accountingsupplierparty.postaladdress.country must be a valid country code, refer to the invoice resource apis"},
		{"accounting_customer_party.tin", "1234", "/accounting_customer_party/tin",
			"invoicerequest.invoice.accountingcustomerparty.tin must be at least in length or value 5"},
		{"invoice_line.0.item.name", "", "/invoice_line/0/item/name", "invoicerequest.invoice.invoiceline[0].item.name is required"},
		{"legal_monetary_total.tax_inclusive_amount", json.Number("1"), "/legal_monetary_total/tax_inclusive_amount", "does not match"},
	} {
		for _, operation := range []string{"invoice.validate", "invoice.sign"} {
			failure := b.wantError(t, operation, b.about(), call{changes: map[string]any{c.path: c.value}}, classRejected, "refused_by_authority")
			if len(failure.Fields) != 1 || failure.Fields[0].Pointer != c.pointer || failure.Fields[0].Fix == "" {
				t.Errorf("%s: fields %v, want %s", c.path, failure.Fields, c.pointer)
			}
			if !strings.Contains(failure.VendorText, c.text) || len(failure.VendorAnswer) == 0 {
				t.Errorf("%s: vendor said %q", c.path, failure.VendorText)
			}
		}
	}
	if n := b.authority.Counters().Registered; n != 0 {
		t.Errorf("%d invoices were registered", n)
	}
}

func TestRefusedKeysPauseTheConnectionAndNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("apiSecret", "not the secret of anybody")
	for _, operation := range []string{"invoice.validate", "invoice.sign"} {
		failure := b.wantError(t, operation, b.about(), call{}, classUnauthorized, "keys_refused")
		if strings.Contains(fmt.Sprint(failure), "not the secret") {
			t.Errorf("%s shows the secret: %v", operation, failure)
		}
	}
	b.wantError(t, "invoice.lookup", b.lookup(t, "invoice.sign"), call{}, classUnauthorized, "keys_refused")
	if failure := b.check(t); failure.GetClass() != classUnauthorized {
		t.Errorf("check: %v", failure)
	}
	b.set("apiSecret", b.business.APISecret)
	b.set("keyHeader", "api-key")
	b.wantError(t, "invoice.validate", b.about(), call{}, classUnauthorized, "keys_refused")
	b.set("keyHeader", "X-API-Key")
	b.want(t, "invoice.validate", b.about(), `{}`)
}

func TestHeaderNamesAreTheConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := make(chan http.Header, 8)
	b.set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		fmt.Fprint(w, `{"code":200,"data":{"ok":true}}`)
	}))
	b.set("keyHeader", "api-key")
	b.set("secretHeader", "x-secret-key")
	b.want(t, "invoice.sign", b.about(), `{}`)
	for len(seen) > 0 {
		h := <-seen
		if h.Get("Api-Key") != b.business.APIKey || h.Get("X-Secret-Key") != b.business.APISecret || h.Get("X-Api-Key") != "" {
			t.Errorf("headers were %v", h)
		}
	}
}

func TestWrongSettingsAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("irnTemplate", "59854B81")
	b.set("certificate", "QUJD")
	b.set("appApiKey", "alone")
	failure := b.check(t)
	var pointers []string
	for _, f := range failure.GetFields() {
		pointers = append(pointers, f.Pointer)
	}
	if failure.GetClass() != classMisconfigured || strings.Join(pointers, " ") != "/irnTemplate /publicKey /appApiSecret" {
		t.Errorf("check: %v", failure)
	}
	b.wantError(t, "invoice.sign", b.about(), call{}, classMisconfigured, "settings_invalid")
}

func TestCheckProvesKeysBusinessAndService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if failure := b.check(t); failure != nil {
		t.Fatalf("a good connection: %v", failure)
	}
	delete(b.settings, "entityId")
	b.version++
	if failure := b.check(t); failure != nil {
		t.Fatalf("without an entity id: %v", failure)
	}
	for name, c := range map[string]struct {
		setting string
		value   any
		code    string
	}{
		"entity is no UUID":  {"entityId", "not-a-uuid-at", "settings_invalid"},
		"another business":   {"businessId", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "other_business"},
		"another service id": {"irnTemplate", "{{invoice_id}}-AAAAAAAA-{{YYYYMMDD}}", "other_service"},
		"no such address":    {"baseUrl", b.url + "/nowhere", "path_unknown"},
		"nobody there":       {"baseUrl", "http://127.0.0.1:1", "vendor_unreachable"},
		"no address":         {"baseUrl", "ftp://127.0.0.1", "settings_invalid"},
	} {
		b.settings = settingsOf(b.business, b.url)
		b.set(c.setting, c.value)
		if failure := b.check(t); failure.GetCode() != c.code {
			t.Errorf("%s: %v, want %s", name, failure, c.code)
		}
	}
	if n := b.authority.Counters().Registered; n != 0 {
		t.Errorf("check registered %d invoices", n)
	}
}

func TestABusinessThatTheAuthorityDoesNotKnowIsAFaultOfTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for id, code := range map[string]string{
		"3fa85f64-5717-4562-b3fc-2c963f66afa":  "settings_invalid", // before the authority is asked
		"3fa85f64-5717-4562-b3fc-2c963f66afa6": "business_unknown",
	} {
		b.set("businessId", id)
		b.wantError(t, "invoice.validate", b.about(), call{}, classMisconfigured, code)
		b.wantError(t, "invoice.sign", b.about(), call{}, classMisconfigured, code)
	}
	b.set("businessId", b.business.BusinessID)
	b.wantError(t, "invoice.sign", b.about(), call{changes: map[string]any{"business_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}}, classInvalid, "other_business")
}

func TestTheTypeIsTheAuthoritysCodeForOurMeaning(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"invoice.validate", "invoice.sign"} {
		b := setup(t)
		sent := make(chan string, 1)
		b.set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/resources/invoice-types") {
				fmt.Fprint(w, `{"code":200,"data":[{"code":"381","value":"Credit Note"},{"code":"380","value":"Commercial Invoice"}]}`)
				return
			}
			var body struct {
				Code string `json:"invoice_type_code"`
			}
			_ = json.NewDecoder(r.Body).Decode(&body)
			sent <- body.Code
			fmt.Fprint(w, `{"code":200,"data":{"ok":true}}`)
		}))
		b.want(t, operation, b.about(), `{}`)
		if got := <-sent; got != "380" {
			t.Errorf("%s sent type %s", operation, got)
		}
		failure := b.wantError(t, operation, b.about(), call{changes: map[string]any{"invoice_type_code": "384"}}, classInvalid, "type_not_listed")
		if failure.Fields[0].Pointer != "/invoice_type_code" {
			t.Errorf("%s: fields %v", operation, failure.Fields)
		}
	}
}
