package callback_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/schemas"
)

// finoraData is the data of an event as Finora's format has it.
func finoraData(t *testing.T, kind, data string) string {
	t.Helper()
	body := render(t, callback.FormatFinora, eventOf(kind, data), 7)
	rest, ok := strings.CutPrefix(body, `{"eventId":"evt_01","event":"`+kind+`","businessId":"org_01","occurredAt":"2026-03-01T09:00:00.123Z","data":`)
	if !ok {
		t.Fatalf("the envelope is another: %s", body)
	}
	return strings.TrimSuffix(rest, "}")
}

func TestFinoraHasTheInvoiceInItsOwnWords(t *testing.T) {
	t.Parallel()
	compare(t, finoraData(t, "invoice.signed", sampleView(t)), `{"invoiceId":"inv_01K1X2Z26VPAVPTMTA3CGTWCQ8",`+
		`"invoiceNumber":"INV25-217-122312346-Q42FME","totalKobo":10428,"amountPaidKobo":0,"currency":"NGN","status":"COMPLETED",`+
		`"paymentStatus":"PENDING","transmissionStatus":null,"irn":"INV25217122312346Q42FME-E3A89069-20250805","qrCodeData":"c2FtcGxlIHFyIHRleHQ=",`+
		`"issueDate":"2025-08-05","dueDate":null,"invoiceDate":"2025-08-05","taxPointDate":null,"deliveryDate":null,"invoiceTypeCode":"381",`+
		`"originalInvoiceId":null,"partyId":"party_01K1SMHY16R73ZZA7QYR6R44Y5","buyerReference":null,"taxCurrency":"NGN",`+
		`"lineExtensionKobo":10000,"taxExclusiveKobo":9700,"taxInclusiveKobo":10428,"taxKobo":728,`+
		`"taxes":[{"taxCategoryCode":"STANDARD_GST","taxKobo":728,"taxableKobo":9700,"taxPercentage":7.5}],`+
		`"items":[{"id":"invoiceitem_0ZQHGBM6PDARA5AX1E8R0HYE4Q","itemId":"item_01K1SMDHV51XTR7MHT3TFFEYKA","quantity":1,"unitPriceKobo":10000,`+
		`"unitPrice":100,"discountRate":0.05,"discountKobo":500,"feeRate":0.02,"feeKobo":200,"taxRate":0.075,"lineExtensionKobo":10000,`+
		`"active":true,"createdAt":"2025-08-05T12:23:12.351Z","updatedAt":"2025-08-05T12:23:12.351Z"}],`+
		`"billingReference":null,"dispatchDocumentReference":null,"receiptDocumentReference":null,"originatorDocumentReference":null,`+
		`"contractDocumentReference":null,"notes":"Sample invoice notes","active":true,"isValid":true,"heldReason":null,"errors":null,`+
		`"createdAt":"2025-08-05T12:23:12.351Z","updatedAt":"2025-08-05T12:23:13.181Z","validatedAt":"2025-08-05T12:23:12.785Z",`+
		`"signedAt":"2025-08-05T12:23:13.181Z","transmittedAt":null}`)
}

func TestFinoraSaysWhatWasPaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, members, want string }{
		{"invoice.created", `"payment_status":"PENDING"`, `"amountPaidKobo":0,`},
		{"invoice.paid", `"payment_status":"PENDING"`, `"amountPaidKobo":53750000,`},
		{"invoice.signed", `"payment_status":"PAID"`, `"amountPaidKobo":53750000,`},
		{"invoice.paid", `"payment_status":"PAID","amount_paid":12.50`, `"amountPaidKobo":1250,`},
	} {
		got := finoraData(t, c.kind, `{"invoice_number":"INV-2026-001","payable_amount":537500,`+c.members+`}`)
		if !strings.Contains(got, `"invoiceNumber":"INV-2026-001","totalKobo":53750000,`+c.want) {
			t.Errorf("%s %s: %s", c.kind, c.members, got)
		}
	}
}

func TestKoboIsExact(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]string{
		"0": "0", "-0.00": "0", "0.1": "10", "1.005": "101", "-1.005": "-101", "0.0125": "1", "0.004": "0", "1e3": "100000", "1E-2": "1",
		"92233720368547758.07": "9223372036854775807", "123456789012345678901234567890.12": "12345678901234567890123456789012",
		"4.35": "435", "1.15": "115", "null": "null", `"12"`: `"12"`,
	} {
		got := finoraData(t, "invoice.signed", `{"invoice_number":"1","payable_amount":`+amount+`}`)
		if !strings.Contains(got, `"totalKobo":`+want+`,`) {
			t.Errorf("%s: %s", amount, got)
		}
	}
}

func TestFinoraLosesNoMemberOfAnInvoice(t *testing.T) {
	t.Parallel()
	got := finoraData(t, "invoice.signed", `{"invoice_number":"1","page_count":2,"currency":"own","metadata":{"a_b":1},"billing_reference":[{"irn":"x","issue_date":"y"}],`+
		`"items":[{"id":"i","raw":{"c_d":1},"sku_code":"s"},3],"taxes":{"x_y":1}}`)
	for _, want := range []string{
		`"pageCount":2`, `"currency":null`, `"data_currency":"own"`, `"metadata":{"a_b":1}`, `[{"irn":"x","issueDate":"y"}]`,
		`"raw":{"c_d":1},"skuCode":"s"},3]`, `"taxes":{"xY":1}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
}

// TestEveryAmountOfTheViewHasARule fails for an amount that is new in the view:
// without a rule it would go out in naira.
func TestEveryAmountOfTheViewHasARule(t *testing.T) {
	t.Parallel()
	one := schemas.NewDecimal(1, 0)
	view, err := json.Marshal(schemas.InvoiceView{
		Taxes: []schemas.ViewTax{{}},
		Items: []schemas.ViewItem{{DiscountAmount: &one, FeeAmount: &one}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := finoraData(t, "invoice.created", string(view)); strings.Contains(got, `Amount"`) || strings.Contains(got, "_") {
		t.Error(got)
	}
}

func TestOtherDataIsMadeCamelCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data, want string }{
		{"camelCase passes byte for byte", "{ \"totalKobo\": 1.50, \"a\" :[ {\"bC\":1E5} ]\n}", "{ \"totalKobo\": 1.50, \"a\" :[ {\"bC\":1E5} ]\n}"},
		{"snake_case is turned, at any depth", `{"z_one":1,"a_two":{"b_3":[{"c_d_e":"x_y"}]}}`, `{"zOne":1,"aTwo":{"b3":[{"cDE":"x_y"}]}}`},
		{"an escaped key", `{"a\u005fb":1}`, `{"aB":1}`},
		{"what is no snake_case stays", `{"_x":1,"STANDARD_GST":2,"a__b":3,"a_":4,"A_b":5,"é_e":6,"":7}`, `{"_x":1,"STANDARD_GST":2,"a__b":3,"a_":4,"A_b":5,"é_e":6,"":7}`},
		{"a taken name", `{"a_b":1,"aB":2}`, `{"a_b":1,"aB":2}`},
		{"a name taken by the first", `{"a_1":1,"a1":2,"b_cd":3,"b_c_d":4}`, `{"a_1":1,"a1":2,"bCd":3,"bCD":4}`},
		{"foreign objects", `{"raw":{"a_b":1},"metadata":{"c_d":2},"in_it":{"raw":[{"e_f":3}]}}`, `{"raw":{"a_b":1},"metadata":{"c_d":2},"inIt":{"raw":[{"e_f":3}]}}`},
		{"texts that look like JSON", `{"a_b":"}\",\"c_d\":1","e_f":"\\"}`, `{"aB":"}\",\"c_d\":1","eF":"\\"}`},
		{"no object", ` [1, {"a_b":2}] `, ` [1, {"aB":2}] `},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			compare(t, finoraData(t, "customer.created", c.data), c.want)
		})
	}
}

func TestAnInvoiceThatIsFinorasAlreadyPasses(t *testing.T) {
	t.Parallel()
	const data = `{"invoiceId":"inv_abc","invoiceNumber":"INV-2026-001","totalKobo":53750000,"amountPaidKobo":53750000}`
	compare(t, finoraData(t, "invoice.paid", data), data)
}
