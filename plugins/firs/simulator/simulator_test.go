package simulator_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
)

const (
	public = "validation failed: we are unable to process your request. also confirm this is not a duplicate request"
	later  = "unable to complete this operation at this time, kindly try again later"
	field  = "invoicerequest.invoice."
)

func TestKeysAreCheckedFirstAndTheEntityIDBeforeThem(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	b.us.APISecret = "wrong"
	b.wantRefusal(t, "POST", "/api/v1/invoice/sign", "no json", "handler", "", "unable to validate api key")
	b.wantRefusal(t, "GET", "/api/v1/invoice/confirm/X", "", "handler", "", "unable to validate api key")
	b.wantRefusal(t, "GET", "/api/v1/entity/not-a-uuid-at", "", "entity_actions", "invalid UUID length: 13", public)
	for _, path := range []string{"/api", "/api/v1/invoice/resources/invoice-types"} {
		if status, body := b.ask(t, "GET", path, ""); status != 200 {
			t.Errorf("%s without keys: %d %s", path, status, body)
		}
	}
	if status, body := b.ask(t, "GET", "/api", ""); body != `{"healthy":true}` {
		t.Errorf("health: %d %s", status, body)
	}
}

func TestAnUnknownPathHasNoErrorObject(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for _, path := range []string{"/", "/api/v1/invoice/submit/now", "/v1/vat/postPayment", "/api/v1/invoice/resources/product-codes"} {
		status, body := b.ask(t, "POST", path, "{}")
		if strings.Contains(path, "resources") {
			status, body = b.ask(t, "GET", path, "")
		}
		if status != 404 || strings.Contains(body, `"error"`) ||
			!strings.Contains(body, "no route found for this path. kindly check your request and try again") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestTheFirstFaultIsToldInTheServicesWords(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for _, c := range []struct{ old, new, details string }{
		{b.us.BusinessID, "3fa85f64-5717-4562-b3fc-2c963f66afa", "invalid UUID length: 35"},
		{`"STANDARD_GST"`, `"VAT"`, field + "taxtotal[0].taxsubtotal[0].taxcategory.id must be a valid tax category, refer to the invoice resource apis"},
		{`"2026-12-23"`, `"23/12/2026"`, field + "duedate must be a valid date value yyyy-mm-dd (e.g: 2024-04-29)"},
		{`"country":"NG"`, `"country":"NGA"`, field + "accountingsupplierparty.postaladdress.country must be a valid country code, refer to the invoice resource apis"},
		{`"20198222-0002"`, `"2019"`, field + "accountingcustomerparty.tin must be at least in length or value 5"},
		{`,"tax_currency_code":"NGN"`, ``, field + "taxcurrencycode is required"},
		{`"381"`, `"999"`, field + "invoicetypecode must be a valid invoice type, refer to the invoice resource apis"},
		{`"381"`, `"380"`, field + "billingreference is required"},
		{"-20261123", "-20261131", field + "irn does not match the irn template of this business"},
		{b.us.ServiceID + "-2", "AAAAAAAA-2", field + "irn does not match the irn template of this business"},
		{`"irn":"A`, `"irn":"A/1`, field + "irn does not match the irn template of this business"},
		{`"hsn_code":"2203.00",`, ``, field + "invoiceline[0].hsncode is required"},
		{`"hsn_code":`, `"isic_code":"6201","service_category":"IT","hsn_code":`, field + "invoiceline[0].isiccode must not be sent with hsncode"},
		{`"telephone":"+`, `"telephone":"0`, field + "accountingsupplierparty.telephone must start with +"},
	} {
		for _, call := range []string{"validate", "sign"} {
			b.wantRefusal(t, "POST", "/api/v1/invoice/"+call, b.invoice("A1", c.old, c.new), "invoice_actions", c.details, public)
		}
	}
	if n := b.Counters().Registered; n != 0 {
		t.Errorf("%d invoices registered", n)
	}
}

func TestValidateRegistersNothingAndSignRegistersOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{Strict: true})
	if status, body := b.ask(t, "POST", "/api/v1/invoice/validate", b.invoice("A1")); status != 200 || body != `{"code":200,"data":{"ok":true}}` {
		t.Fatalf("validate: %d %s", status, body)
	}
	if status, _ := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), ""); status != 404 {
		t.Fatalf("confirm after validate: %d", status)
	}
	if status, body := b.ask(t, "POST", "/api/v1/invoice/sign", b.invoice("A1")); status != 201 || body != `{"code":201,"data":{"ok":true}}` {
		t.Fatalf("sign: %d %s", status, body)
	}
	_, body := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), "")
	if !strings.Contains(body, `"issue_date":"2026-11-23","due_date":"2026-12-23"`) || strings.Contains(body, "104.28") {
		t.Errorf("confirm: %s", body)
	}
	changed := b.invoice("A1", "Stout", "Ale")
	b.wantRefusal(t, "POST", "/api/v1/invoice/sign", changed, "invoice_actions", later, public)
	if c := b.Counters(); c.Registered != 1 || c.Duplicates != 0 || c.Violations != 0 || c.References != 1 {
		t.Errorf("counters: %+v", c)
	}
}

func TestStrictModeChecksTheArithmetic(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{Strict: true})
	for _, c := range []struct{ old, new string }{
		{`"fee_amount":2`, `"fee_amount":3`}, {`"tax_inclusive_amount":104.28`, `"tax_inclusive_amount":104.27`},
		{`"line_extension_amount":100,"discount`, `"line_extension_amount":101,"discount`}, {`7.28,"tax_category"`, `7.27,"tax_category"`},
		{`"issue_date":"2026-11-23"`, `"issue_date":"2026-11-22"`},
	} {
		if status, body := b.ask(t, "POST", "/api/v1/invoice/sign", b.invoice("A1", c.old, c.new)); status != 400 {
			t.Errorf("%s: %d %s", c.new, status, body)
		}
	}
	if status := b.sign(t, "A1"); status != 201 {
		t.Errorf("the known-good sample: %d", status)
	}
}

func TestASearchHasPagesAndFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for i := range 5 {
		b.sign(t, fmt.Sprintf("A%d", i))
	}
	search := func(query string) (irns []string, total int, next bool) {
		t.Helper()
		_, body := b.ask(t, "GET", "/api/v1/invoice/"+b.us.BusinessID+"?"+query, "")
		var out struct {
			Data struct {
				Items []struct {
					IRN    string
					Totals struct {
						Payable json.Number `json:"payable_amount"`
					} `json:"legal_monetary_total"`
				}
				Page struct {
					TotalCount  int
					HasNextPage bool
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, item := range out.Data.Items {
			if item.Totals.Payable != "104.28" {
				t.Errorf("%s: payable %s", item.IRN, item.Totals.Payable)
			}
			irns = append(irns, strings.SplitN(item.IRN, "-", 2)[0])
		}
		return irns, out.Data.Page.TotalCount, out.Data.Page.HasNextPage
	}
	for query, want := range map[string]string{
		"size=2&page=2":          "[A2 A3] 5 true",
		"size=2&page=3":          "[A4] 5 false",
		"size=2&page=9":          "[] 5 false",
		"irn=" + b.irn("A3"):     "[A3] 1 false",
		"irn=NONE":               "[] 0 false",
		"issue_date=2026-11-22":  "[] 0 false",
		"payment_status=pending": "[A0 A1 A2 A3 A4] 5 false",
		"irn=" + b.irn("A3") + "&due_date=2020-01-01": "[] 0 false",
	} {
		irns, total, next := search(query)
		if got := fmt.Sprint(irns, total, next); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	_, body := b.askAs(t, b.buyer, "GET", "/api/v1/invoice/"+b.us.BusinessID, "")
	if strings.Contains(body, "A1-") {
		t.Errorf("somebody else sees our invoices: %s", body)
	}
}

func TestEveryResourceHasRows(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for name, atLeast := range map[string]int{
		"countries": 249, "currencies": 118, "invoice-types": 20, "tax-categories": 27, "payment-means": 3,
		"states": 37, "lgas": 3, "services-codes": 3, "hs-codes": 3, "vat-exemptions": 3,
	} {
		_, body := b.ask(t, "GET", "/api/v1/invoice/resources/"+name, "")
		var out struct{ Data []map[string]any }
		if err := json.Unmarshal([]byte(body), &out); err != nil || len(out.Data) < atLeast {
			t.Errorf("%s: %d rows, %v", name, len(out.Data), err)
		}
	}
}

func TestAPaymentStatusIsKeptAndChecked(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	path := "/api/v1/invoice/update/" + b.irn("A1")
	if status, _ := b.ask(t, "PATCH", path, `{"payment_status":"PAID"}`); status != 404 {
		t.Errorf("unsigned: %d", status)
	}
	b.sign(t, "A1")
	if status, _ := b.ask(t, "PATCH", path, `{"payment_status":"HALF"}`); status != 400 {
		t.Errorf("an unknown status: %d", status)
	}
	if status, _ := b.askAs(t, b.buyer, "PATCH", path, `{"payment_status":"PAID","reference":"1"}`); status != 200 {
		t.Errorf("by the buyer: %d", status)
	}
	if _, body := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), ""); !strings.Contains(body, `"payment_status":"PAID"`) {
		t.Errorf("confirm: %s", body)
	}
}

func TestTheSmallCallsAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for _, c := range []struct{ method, path, body, part string }{
		{"GET", "/api/v1/entity", "", b.us.BusinessID},
		{"GET", "/api/v1/entity/" + b.us.EntityID, "", `"irn_template":"{{invoice_id(e.g:INV00XXX)}}-` + b.us.ServiceID},
		{"POST", "/api/v1/invoice/irn/validate", `{"invoice_reference":"A1","business_id":"` + b.us.BusinessID + `","irn":"` + b.irn("A1") + `"}`, `"ok":true`},
		{"POST", "/api/v1/invoice/irn/validate", `{"invoice_reference":"A2","business_id":"` + b.us.BusinessID + `","irn":"` + b.irn("A1") + `"}`, "template"},
		{"POST", "/api/v1/invoice/party", `{"business_id":"` + b.us.BusinessID + `","party_name":"Chidi","tin":"12345678-0001","email":"c@c.ng"}`, `"id":"`},
		{"GET", "/api/v1/invoice/party/" + b.us.BusinessID + "?party_name=chi", "", "Chidi"},
		{"POST", "/api/v1/utilities/verify-tin/", `{"tin":"20198222-0002"}`, `"taxpayer_name":"Business 20198222-0002"`},
		{"POST", "/api/v1/utilities/verify-tin/", `{"tin":"00000000-0000"}`, "not found"},
		{"POST", "/api/v1/utilities/authenticate", `{"email":"` + b.us.Email + `","password":"` + b.us.APISecret + `"}`, b.us.EntityID},
		{"POST", "/api/v1/utilities/authenticate", `{"email":"x","password":"y"}`, "invalid email or password"},
		{"GET", "/api/v1/invoice/transmit/lookup/tin/20198222-0002", "", `"onboarded":false`},
		{"POST", "/api/v1/vat/postpayment", `{"irn":"x"}`, "vatrequest.agenttin is required"},
		{"POST", "/api/v1/vat/postpayment", `{"irn":1}`, "must be a string"},
	} {
		if _, body := b.ask(t, c.method, c.path, c.body); !strings.Contains(body, c.part) {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, body, c.part)
		}
	}
}

func TestARestartAcceptsTheKeysOfBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "keys.json")
	open := func() (*simulator.Simulator, simulator.Business) {
		keys, err := simulator.OpenKeyFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := simulator.New(simulator.Options{Keys: keys})
		b, err := s.Provision(simulator.Provision{Name: "Demo", TIN: "11112222-0001"})
		if err != nil {
			t.Fatal(err)
		}
		return s, b
	}
	_, before := open()
	_, after := open()
	if before != after || before.APISecret == "" || before.Certificate == "" {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	for _, broken := range []string{`{`, `[{"privateKey":"x"}]`} {
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := simulator.OpenKeyFile(path); err == nil {
			t.Errorf("%s was read as keys", broken)
		}
	}
}

func TestTheControlAPIProvisionsSetsAndForgets(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for _, c := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"POST", "/_control/businesses", `{"tin":"15631438-0242","webhookUrl":"http://127.0.0.1:1/hook"}`, 201, `"webhookUrl":"http://127.0.0.1:1/hook"`},
		{"POST", "/_control/businesses", `{"tin":"1"}`, 422, "at least 5 characters"},
		{"POST", "/_control/businesses", `{"tin":"12345678-9","serviceId":"short"}`, 422, "serviceId"},
		{"POST", "/_control/businesses", `{"tan":"1"}`, 400, "unknown field"},
		{"GET", "/_control/businesses", ``, 200, b.us.APISecret},
		{"GET", "/_control/businesses/" + b.us.BusinessID + "/crypto_keys.txt", ``, 200, `{"public_key":"`},
		{"GET", "/_control/businesses/x/crypto_keys.txt", ``, 404, "no such business"},
		{"POST", "/_control/faults", `{"kind":"explode"}`, 422, "use one of busy"},
		{"POST", "/_control/faults", `[{"kind":"status","status":503,"times":1}]`, 204, ""},
		{"GET", "/_control/faults", ``, 200, `"status":503`},
		{"POST", "/api/v1/invoice/sign", b.invoice("A1"), 503, ""},
		{"POST", "/_control/faults", `{"kind":"drop","operation":"confirm"}`, 204, ""},
		{"DELETE", "/_control/faults", ``, 204, ""},
		{"GET", "/api/v1/invoice/confirm/" + b.irn("A1"), ``, 404, ""},
		{"POST", "/api/v1/invoice/sign", b.invoice("A1"), 201, ""},
		{"GET", "/_control/references/" + b.irn("A1"), ``, 200, `"signs":2,"confirms":1,"searches":0,"transmits":0,"updates":0,"registered":1,"violations":0,"signed":true`},
		{"GET", "/_control/references/none", ``, 404, "nothing was asked"},
		{"PATCH", "/_control/settings", `{"duplicateGuard":false}`, 200, `"duplicateGuard":false,"strict":false`},
		{"POST", "/api/v1/invoice/sign", b.invoice("A1"), 201, ""},
		{"GET", "/_control/counters", ``, 200, `"registered":2,"duplicates":1,"violations":0`},
		{"POST", "/_control/reset", ``, 204, ""},
		{"GET", "/_control/counters", ``, 200, `"registered":0`},
		{"GET", "/api/v1/invoice/confirm/" + b.irn("A1"), ``, 404, ""},
	} {
		if status, body := b.ask(t, c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.part) {
			t.Errorf("%s %s %s: %d %s; want %d %s", c.method, c.path, c.body, status, body, c.status, c.part)
		}
	}
}

func TestOldBodiesAreForgottenButTheInvoiceIsNot(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{KeepBodies: 2})
	for _, n := range []string{"A1", "A2", "A3"} {
		b.sign(t, n)
	}
	for n, want := range map[string]int{"A1": 404, "A2": 200, "A3": 200} {
		if status, _ := b.ask(t, "GET", "/api/v1/invoice/download/"+b.irn(n), ""); status != want {
			t.Errorf("download of %s: %d, want %d", n, status, want)
		}
	}
	if status, _ := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), ""); status != 200 {
		t.Errorf("confirm of the oldest: %d", status)
	}
}
