package schemas_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestAProvedDocumentComesBackFromSQLWithoutASecondProof(t *testing.T) {
	t.Parallel()
	doc, err := schemas.Prove(schemas.InvoiceV1, schemas.SampleInvoice())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := schemas.ParseDigest(doc.Digest.String())
	if err != nil {
		t.Fatal(err)
	}
	back := schemas.Restore(doc.Schema, digest, append([]byte(nil), doc.Body...))
	if !back.Intact() || back.Digest != doc.Digest || back.Schema != doc.Schema {
		t.Errorf("got %+v", back)
	}
	back.Body[0] ^= 1
	if back.Intact() {
		t.Error("a changed body is intact")
	}
}

func TestADigestIsSixtyFourHexadecimalDigits(t *testing.T) {
	t.Parallel()
	good := schemas.DigestOf(nil).String()
	if good != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("the digest of nothing is %s", good)
	}
	for _, bad := range []string{"", good[1:], good + "0", strings.Replace(good, "e", "g", 1)} {
		if _, err := schemas.ParseDigest(bad); err == nil {
			t.Errorf("%q is a digest", bad)
		}
	}
}

func TestTheSampleIsACopy(t *testing.T) {
	t.Parallel()
	schemas.SampleInvoice()[0] = 'x'
	if schemas.SampleInvoice()[0] != '{' {
		t.Error("a caller changed the sample for all")
	}
	if _, err := schemas.Prove(schemas.InvoiceV1, schemas.Sample(`A"1`, "2026-02-28")); err != nil {
		t.Error(err)
	}
}

func TestFaultsAreCappedAndCounted(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(schemas.SampleInvoice()), "{", "{"+manyFields(250), 1)
	_, err := schemas.Prove(schemas.InvoiceV1, []byte(body))
	refusal := refused(t, err)
	if len(refusal.Violations) != schemas.MaxViolations || refusal.Truncated != 150 {
		t.Errorf("listed %d, truncated %d", len(refusal.Violations), refusal.Truncated)
	}
	if !strings.Contains(err.Error(), "and 247 more") {
		t.Errorf("the error says %q", err)
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"zz` + strings.Repeat("z", i) + `":1,`)
	}
	return b.String()
}

func TestATypingSlipIsRecognised(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(schemas.SampleInvoice()), `"due_date"`, `"duedate"`, 1)
	_, err := schemas.Prove(schemas.InvoiceV1, []byte(body))
	if refusal := refused(t, err); !strings.Contains(refusal.Violations[0].Fix, "due_date") {
		t.Errorf("got %+v", refusal.Violations)
	}
}

// shortInvoice is as short as a valid one gets.
const shortInvoice = `{"invoice_number":"1","issue_date":"2025-08-05","invoice_type_code":"381","document_currency_code":"NGN",
"legal_monetary_total":{"line_extension_amount":1,"tax_exclusive_amount":1,"tax_inclusive_amount":1,"payable_amount":1},
"invoice_line":[{"hsn_code":"2203","product_category":"a","invoiced_quantity":1,"line_extension_amount":1,"item":{"name":"a"},"price":{"price_amount":1}}]}`

func FuzzProve(f *testing.F) {
	f.Add([]byte(`{"invoice_number":"1","invoice_line":[{}]}`))
	f.Add([]byte(shortInvoice))
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := schemas.Prove(schemas.InvoiceV1, body)
		if err != nil {
			refused(t, err)
			return
		}
		again, err := roundTrip[schemas.Invoice](body)
		if err != nil {
			t.Fatalf("proved, but %v", err)
		}
		if err := schemas.Validate(schemas.InvoiceV1, again); err != nil {
			t.Fatalf("%v after a round trip of %s", err, doc.Body)
		}
		same(t, body, again)
	})
}
