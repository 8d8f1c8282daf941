package engine_test

import (
	"net/http"
	"testing"

	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

func TestAnInvoiceGoesItsWholeWay(t *testing.T) {
	t.Parallel()
	w := start(t)
	var accepted answer
	if status := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("INV-0001")}, &accepted); status != http.StatusAccepted {
		t.Fatalf("status %d", status)
	}
	if accepted.Status != "DRAFT" || accepted.IRN != nil {
		t.Fatalf("accepted as %+v", accepted)
	}
	e := w.receiver.next(t)
	if e.Type != "invoice.signed" || e.Data["id"] != accepted.ID || e.Data["status"] != "COMPLETED" {
		t.Fatalf("callback %+v", e)
	}
	irn, qr := e.Data["invoice_reference_number"].(string), e.Data["qr_code_data"].(string)
	if _, err := w.authority.CheckStamp(firs.StampCheck{QR: qr, IRN: irn}); err != nil {
		t.Errorf("qr: %v", err)
	}
	var shown answer
	w.call("GET", "/si/invoices/"+accepted.ID, nil, &shown)
	if shown.Status != "COMPLETED" || shown.IRN == nil || *shown.IRN != irn || len(shown.Attempts) != 1 {
		t.Errorf("shown as %+v", shown)
	}
	if c := w.authority.Counters(); c.Registered != 1 || c.Violations != 0 {
		t.Errorf("authority counted %+v", c)
	}
}
