package mbs_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/sdk"
)

const public = "validation failed: we are unable to process your request. also confirm this is not a duplicate request"

// failed is the authority's error envelope.
func failed(handler, details, message string) string {
	e := map[string]any{"id": "6f2cf9f4-5d0e-4a41-9b6a-3d5f5a0e7f10", "handler": handler, "public_message": message}
	if details != "" {
		e["details"] = details
	}
	raw, _ := json.Marshal(map[string]any{"code": 400, "data": nil, "message": "error has occurred", "error": e})
	return string(raw)
}

func invoice(details string) string { return failed("invoice_actions", details, public) }

func TestAnswersAreClassed(t *testing.T) {
	t.Parallel()
	const (
		later    = "unable to complete this operation at this time, kindly try again later"
		category = "invoicerequest.invoice.taxtotal[0].taxsubtotal[0].taxcategory.id must be a valid tax category, refer to the invoice resource apis"
	)
	for _, c := range []struct {
		name   string
		status int
		body   string
		// asking and acting: without effect, and with.
		asking, acting sdk.Class
		code           string
	}{
		{"success", 200, `{"code":201,"data":{"ok":true}}`, "", "", ""},
		{"created", 201, `{}`, "", "", ""},
		{"bad key", 400, failed("handler", "", "unable to validate api key"), sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{"bad key as 401", 401, failed("handler", "", "x"), sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{"duplicate or busy", 400, invoice(later), sdk.Unavailable, sdk.UnknownOutcome, "busy_or_registered"},
		{"busy in capitals", 400, invoice("Service Temporarily Unavailable"), sdk.Unavailable, sdk.UnknownOutcome, "busy_or_registered"},
		{"bad category", 400, invoice(category), sdk.Rejected, sdk.Rejected, "refused_by_authority"},
		{"bad business id", 400, invoice("invalid UUID length: 35"), sdk.Misconfigured, sdk.Misconfigured, "business_unknown"},
		{"bad entity id", 400, failed("entity_actions", "invalid UUID length: 13", public), sdk.Misconfigured, sdk.Misconfigured, "business_unknown"},
		{"business refused", 400, invoice("invoicerequest.businessid must be valid"), sdk.Misconfigured, sdk.Misconfigured, "business_unknown"},
		{"irn exists", 400, `{"code":400,"error":{"details":"","public_message":"p","errors":[{"field":"invoice.irn","message":"already exists"}]}}`,
			sdk.Unavailable, sdk.UnknownOutcome, "reference_used"},
		{"irn of another form", 400, invoice("invoicerequest.invoice.irn does not match"), sdk.Rejected, sdk.Rejected, "refused_by_authority"},
		{"list of fields", 400, `{"code":400,"error":{"public_message":"p","errors":[{"field":"invoice.due_date","message":"bad"}]}}`,
			sdk.Rejected, sdk.Rejected, "refused_by_authority"},
		{"no reason", 400, invoice(""), sdk.Rejected, sdk.UnknownOutcome, "refused_without_reason"},
		{"another reason", 400, invoice("computer says no"), sdk.Rejected, sdk.UnknownOutcome, "refused_without_reason"},
		{"details of another type", 400, `{"error":{"details":{"a":1},"public_message":7}}`, sdk.Rejected, sdk.UnknownOutcome, "refused_without_reason"},
		{"conflict", 409, invoice("something"), sdk.Unavailable, sdk.UnknownOutcome, "refused_without_reason"},
		{"no route", 404, `{"code":404,"message":"no route found for this path. kindly check your request and try again"}`, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{"unknown invoice", 404, failed("invoice_actions", "no such invoice", "p"), sdk.Rejected, sdk.Rejected, "not_found"},
		{"rate limit", 429, `slow down`, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{"server error", 500, `{"code":500}`, sdk.Unavailable, sdk.UnknownOutcome, "authority_unavailable"},
		{"gateway", 502, `<html>`, sdk.Unavailable, sdk.UnknownOutcome, "authority_unavailable"},
		{"server error that quotes a refusal", 503, invoice(category), sdk.Unavailable, sdk.UnknownOutcome, "authority_unavailable"},
		{"a proxy's 400", 400, `<html>bad request</html>`, sdk.Unavailable, sdk.UnknownOutcome, "answer_unreadable"},
		{"empty 400", 400, ``, sdk.Unavailable, sdk.UnknownOutcome, "answer_unreadable"},
		{"too large", 413, `{"message":"too large"}`, sdk.Rejected, sdk.Rejected, "too_large"},
		{"time-out of a gateway", 408, ``, sdk.Unavailable, sdk.UnknownOutcome, "authority_unavailable"},
		{"redirect", 302, ``, sdk.Misconfigured, sdk.UnknownOutcome, "redirected"},
	} {
		asking, acting := mbs.Classify(c.status, []byte(c.body), false), mbs.Classify(c.status, []byte(c.body), true)
		if asking.Class != c.asking || acting.Class != c.acting || acting.Code != c.code {
			t.Errorf("%s: asking %q, acting %q %q; want %q, %q %q", c.name, asking.Class, acting.Class, acting.Code, c.asking, c.acting, c.code)
		}
		if (acting.Class == "") != (acting.Message == "") {
			t.Errorf("%s: message %q", c.name, acting.Message)
		}
	}
}

func TestAProxysRefusalOfAnEffectIsADoubt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 405, 413, 422} {
		if v := mbs.Classify(status, []byte("<html>blocked</html>"), true); v.Class != sdk.UnknownOutcome {
			t.Errorf("%d: %q", status, v.Class)
		}
	}
}

func TestTheAuthoritysOwnTextIsKept(t *testing.T) {
	t.Parallel()
	v := mbs.Classify(400, []byte(invoice("invoicerequest.invoice.duedate is odd")), true)
	if !strings.HasPrefix(v.VendorText, "invoicerequest.invoice.duedate is odd; validation failed") {
		t.Errorf("vendor text %q", v.VendorText)
	}
	if len(v.Fields) != 1 || v.Fields[0].Pointer != "/due_date" || v.Fields[0].Detail == "" || v.Fields[0].Fix == "" {
		t.Errorf("fields %v", v.Fields)
	}
}

func TestPathsBecomePointers(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"invoicerequest.invoice.taxtotal[0].taxsubtotal[12].taxcategory.id":    "/tax_total/0/tax_subtotal/12/tax_category/id",
		"invoicerequest.invoice.accountingsupplierparty.postaladdress.country": "/accounting_supplier_party/postal_address/country",
		"InvoiceRequest.Invoice.TaxPointDate":                                  "/tax_point_date",
		"invoicerequest.invoice.invoiceline[3].price.priceamount":              "/invoice_line/3/price/price_amount",
		"invoicerequest.invoice.invoiceline[3].item.sellersitemidentification": "/invoice_line/3/item/sellers_item_identification",
		"invoice.due_date":                                       "/due_date",
		"invoicerequest.invoice.legalmonetarytotal":              "/legal_monetary_total",
		"invoicerequest.invoice.legalmonetarytotal[0].x":         "/legal_monetary_total",
		"invoicerequest.invoice.invoiceline[x].item":             "/invoice_line/item",
		"invoicerequest.invoice.irn":                             "",
		"invoicerequest.invoice.accountingcustomerparty.id.deep": "/accounting_customer_party",
	} {
		if got, _ := mbs.Pointer(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(400, []byte(invoice("invoicerequest.invoice.taxtotal[0].taxsubtotal[0].taxcategory.id must be")), true)
	f.Add(404, []byte(`{"message":"no route found"}`), false)
	f.Add(200, []byte(`{"code":201,"data":{"ok":true}}`), true)
	f.Add(400, []byte(`{"error":{"errors":[{"field":"invoice.irn","message":"exists"}]}}`), true)
	f.Fuzz(func(t *testing.T, status int, body []byte, effect bool) {
		v := mbs.Classify(status, body, effect)
		if (v.Class == "") != (status/100 == 2) {
			t.Fatalf("%d is classed %q", status, v.Class)
		}
		if effect && v.Class == sdk.Unavailable || !effect && v.Class == sdk.UnknownOutcome {
			t.Fatalf("%d with effect %v is classed %q", status, effect, v.Class)
		}
		if v.Class != "" && (v.Code == "" || v.Message == "") {
			t.Fatalf("%d: no words in %+v", status, v)
		}
	})
}

func FuzzPointer(f *testing.F) {
	f.Add("invoicerequest.invoice.taxtotal[0].taxsubtotal[0].taxcategory.id")
	f.Add("invoice.[0]..")
	f.Fuzz(func(t *testing.T, path string) {
		if p, _ := mbs.Pointer(path); p != "" && p[0] != '/' {
			t.Fatalf("%q is no pointer", p)
		}
	})
}
