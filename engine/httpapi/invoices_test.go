package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/schemas"
)

func TestAnAcceptedInvoiceIsSignedAndShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.submitted("INV-2025/001")
	if s.Status != "DRAFT" || s.IRN != nil || s.QRCodeData != nil || len(s.Attempts) != 0 || s.Invoice.InvoiceNumber != "INV-2025/001" {
		t.Errorf("accepted as %+v", s)
	}
	w.walk(s.MessageID)
	s = w.read(s.ID)
	if s.Status != "COMPLETED" || s.IRN == nil || *s.IRN != "INV2025001-94ND90NR-20250805" || *s.QRCodeData != "QR of INV2025001" {
		t.Errorf("signed as %+v", s)
	}
	if len(s.Attempts) != 1 || s.Attempts[0].Stage != "sign" || *s.Attempts[0].Outcome != "result" {
		t.Errorf("attempts %+v", s.Attempts)
	}
}

func TestTheDocumentIsStoredByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := strings.Replace(string(schemas.Sample("BYTES-1", "2025-08-05")), `"note": "`, "\t\n\"note\" :  \"\\u00e9 é \\/ ", 1)
	var s shown
	w.want(http.StatusAccepted, &s, w.ours.write, "POST", "/si/invoices", "\n { \"invoice\" :\t"+odd+"\r\n } ")
	if n := w.count(`SELECT COUNT(*) FROM document WHERE body = $1`, []byte(strings.TrimSpace(odd))); n != 1 {
		t.Error("the stored document is not what was sent")
	}
}

func TestARepeatedKeyGetsTheStoredAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.submission("KEY-1")
	first := w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices", body, "Idempotency-Key", "k")
	again := w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices", body, "Idempotency-Key", "k")
	if string(first.body) != string(again.body) || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("first %v, again %v", first.header, again.header)
	}
	w.refused(http.StatusUnprocessableEntity, "idempotency_key_reused", w.ours.write, "POST", "/si/invoices", w.submission("KEY-2"), "Idempotency-Key", "k")
	w.want(http.StatusAccepted, nil, w.theirs.write, "POST", "/si/invoices", body, "Idempotency-Key", "k")
	for _, bad := range []string{"", "a b", strings.Repeat("x", 256)} {
		w.refused(http.StatusUnprocessableEntity, "idempotency_key_invalid", w.ours.write, "POST", "/si/invoices", body, "Idempotency-Key", bad)
	}
	var failed, voided shown
	w.refused(http.StatusUnprocessableEntity, "invalid_invoice", w.ours.write, "POST", "/si/invoices", `{"invoice":{}}`, "Idempotency-Key", "free")
	w.want(http.StatusAccepted, &failed, w.ours.write, "POST", "/si/invoices", w.submission("KEY-3"), "Idempotency-Key", "free")
	w.want(http.StatusOK, &voided, w.ours.write, "POST", "/si/invoices/"+failed.ID+"/void", "", "Idempotency-Key", "free")
	if voided.ID != failed.ID || voided.Status != "CANCELLED" {
		t.Errorf("a key of one route answered another: %+v", voided)
	}
}

func TestTwinsWithOneKeyMakeOneInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.submission("TWIN-1")
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			var s shown
			r := w.call(w.ours.write, "POST", "/si/invoices", body, "Idempotency-Key", "twin")
			if r.status == http.StatusAccepted && json.Unmarshal(r.body, &s) == nil {
				ids[i] = s.ID
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("answers name %v", ids)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM message`); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestATakenNumberNamesTheOtherInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.submitted("TAKEN-1")
	p := w.refused(http.StatusConflict, "invoice_number_taken", w.ours.write, "POST", "/si/invoices", w.submission("taken.1"))
	if p.InvoiceID != first.ID {
		t.Errorf("names %q, want %q", p.InvoiceID, first.ID)
	}
}

func TestARejectedInvoiceIsCorrectedAndRunsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.script(schemas.OpInvoiceValidate, domain.ClassRejected)
	s := w.submitted("PUT-1")
	w.walk(s.MessageID)
	if s = w.read(s.ID); s.Status != "REJECTED" {
		t.Fatalf("status %s", s.Status)
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid_invoice", w.ours.write, "PUT", "/si/invoices/"+s.ID, w.submission("PUT-2"))
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/invoice/invoice_number" || p.Errors[0].Fix == "" {
		t.Errorf("errors %+v", p.Errors)
	}
	var again shown
	w.want(http.StatusAccepted, &again, w.ours.write, "PUT", "/si/invoices/"+s.ID, w.submission("PUT-1"))
	if again.ID != s.ID || again.Status != "DRAFT" || again.MessageID == s.MessageID {
		t.Errorf("corrected as %+v", again)
	}
	w.walk(again.MessageID)
	if s = w.read(s.ID); s.Status != "COMPLETED" {
		t.Errorf("status %s", s.Status)
	}
	w.refused(http.StatusConflict, "already_signed", w.ours.write, "PUT", "/si/invoices/"+s.ID, w.submission("PUT-1"))
}

func TestVoidCancelsOrCredits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.submitted("VOID-1")
	var out shown
	w.want(http.StatusOK, &out, w.ours.write, "POST", "/si/invoices/"+draft.ID+"/void", "{}")
	if out.ID != draft.ID || out.Status != "CANCELLED" {
		t.Errorf("cancelled as %+v", out)
	}
	w.want(http.StatusOK, &out, w.ours.write, "POST", "/si/invoices/"+draft.ID+"/void", "")

	signed := w.signed("VOID-2")
	var note, twice shown
	w.want(http.StatusAccepted, &note, w.ours.write, "POST", "/si/invoices/"+signed.ID+"/void", "")
	if note.ID == signed.ID || note.OriginalID == nil || *note.OriginalID != signed.ID || note.Invoice.InvoiceNumber != "VOID-2CN" {
		t.Errorf("credited by %+v", note)
	}
	w.want(http.StatusAccepted, &twice, w.ours.write, "POST", "/si/invoices/"+signed.ID+"/void", `{"number":"VOID-2X"}`)
	if twice.ID != note.ID {
		t.Errorf("a second void made %s beside %s", twice.ID, note.ID)
	}
	other := w.signed("VOID-4")
	p := w.refused(http.StatusUnprocessableEntity, "invalid_invoice", w.ours.write, "POST", "/si/invoices/"+other.ID+"/void", `{"number":"Ünfit"}`)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/number" {
		t.Errorf("faults of the note's number: %+v", p.Errors)
	}
	held := w.held("VOID-3")
	w.refused(http.StatusConflict, "resolve_first", w.ours.write, "POST", "/si/invoices/"+held.ID+"/void", "")
}

func TestFaultsAroundTheInvoiceAreNamedWithItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.submitted("AROUND-1")
	sample := string(schemas.Sample("AROUND-1", "2025-08-05"))
	twice := strings.Replace(sample, "{", `{"note":"a","note":"b",`, 1)
	for _, c := range []struct {
		method, path, body, code string
		status                   int
		pointers                 []string
	}{
		{"POST", "", `{"invoice":{"invoice_number":"_"},"surplus":1}`, "invalid_body", 422, []string{"/surplus", "/invoice/invoice_number", "/invoice/issue_date"}},
		{"POST", "", `{"surplus":1,"environmentId":"e","invoice":{}}`, "invalid_body", 422, []string{"/surplus", "/environmentId", "/invoice/issue_date"}},
		{"POST", "", `{"surplus":1,"invoice":` + sample + `}`, "invalid_body", 422, []string{"/surplus"}},
		{"POST", "", `{"surplus":1,"invoice":` + twice + `}`, "malformed_invoice", 400, []string{"/surplus", "/invoice/note"}},
		{"PUT", "/" + s.ID, `{"environmentId":"e","invoice":` + strings.Replace(sample, "AROUND-1", "AROUND-2", 1) + `}`, "invalid_body", 422, []string{"/environmentId", "/invoice/invoice_number"}},
	} {
		p := w.refused(c.status, c.code, w.ours.write, c.method, "/si/invoices"+c.path, c.body)
		for _, pointer := range c.pointers {
			if !slices.ContainsFunc(p.Errors, func(f domain.FieldError) bool { return f.Pointer == pointer }) {
				t.Errorf("%s %s: %s is not among %+v", c.method, c.body, pointer, p.Errors)
			}
		}
	}
	var many strings.Builder
	for i := range 2 * schemas.MaxViolations {
		fmt.Fprintf(&many, `"m%d":0,`, i)
	}
	var p struct {
		Errors     []domain.FieldError
		MoreErrors int
	}
	w.want(422, &p, w.ours.write, "POST", "/si/invoices", "{"+many.String()+`"invoice":{}}`)
	if len(p.Errors) != schemas.MaxViolations || p.MoreErrors <= schemas.MaxViolations {
		t.Errorf("%d faults and %d more", len(p.Errors), p.MoreErrors)
	}
	if n := w.count(`SELECT COUNT(*) FROM message`); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestACreditTooHighPointsIntoTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	original := w.signed("HIGH-1")
	note := func(number string) string {
		reference := fmt.Sprintf(`{"billing_reference":[{"irn":%q,"issue_date":"2025-08-05"}],`, *original.IRN)
		sample := strings.Replace(string(schemas.Sample(number, "2025-08-05")), `"invoice_type_code": "381"`, `"invoice_type_code": "380"`, 1)
		return `{"invoice":` + strings.Replace(sample, "{", reference, 1) + `}`
	}
	w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices", note("HIGH-2"))
	p := w.refused(http.StatusUnprocessableEntity, "credit_exceeds_original", w.ours.write, "POST", "/si/invoices", note("HIGH-3"))
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/invoice/legal_monetary_total/payable_amount" || p.Errors[0].Fix == "" {
		t.Errorf("faults %+v", p.Errors)
	}
	p = w.refused(http.StatusUnprocessableEntity, "credit_exceeds_original", w.ours.write, "POST", "/si/invoices/"+original.ID+"/void", "")
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "" {
		t.Errorf("faults of a void %+v", p.Errors)
	}
}

func TestAFullBacklogIsRefusedWithATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *httpapi.Config, door *ingest.Config) { door.PerEnvironment = 1 })
	w.submitted("FULL-1")
	r := w.want(http.StatusTooManyRequests, nil, w.ours.write, "POST", "/si/invoices", w.submission("FULL-2"))
	if r.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
}

func TestASampleIsSentInASandboxOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var one, two shown
	w.want(http.StatusAccepted, &one, w.ours.write, "POST", "/si/invoices/sample", "")
	w.want(http.StatusAccepted, &two, w.ours.write, "POST", "/si/invoices/sample", `{"callbackUrl":"https://erp.example/a?b=\"c\"","invoiceNumber":"MINE-7"}`)
	if one.Invoice.InvoiceNumber == two.Invoice.InvoiceNumber || two.Invoice.InvoiceNumber != "MINE-7" {
		t.Errorf("numbers %s, %s", one.Invoice.InvoiceNumber, two.Invoice.InvoiceNumber)
	}
	if n := w.count(`SELECT COUNT(*) FROM invoice WHERE callback_url LIKE 'https://erp.example/a%'`); n != 1 {
		t.Error("the callback URL is not stored")
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid_invoice", w.ours.write, "POST", "/si/invoices/sample", `{"callbackUrl":"not a URL","invoiceNumber":"_"}`)
	for _, f := range p.Errors {
		if f.Pointer != "/callbackUrl" && f.Pointer != "/invoiceNumber" {
			t.Errorf("points at what the caller did not send: %+v", f)
		}
	}
	if len(p.Errors) < 2 {
		t.Errorf("faults %+v", p.Errors)
	}
	live := w.tenant("Live", domain.Production)
	w.refused(http.StatusForbidden, "sandbox_only", live.write, "POST", "/si/invoices/sample", "")
}
