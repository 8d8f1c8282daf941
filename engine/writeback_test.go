package engine_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
)

// sourced is the part of an invoice's answer that tells of its source.
type sourced struct {
	answer
	Source *struct {
		ConnectionID string
		Record       string
		WriteBack    *struct {
			Status    string
			MessageID *string
		}
	}
}

// erp connects a system whose records invoices come from.
func (w *world) erp() (system *echo.Simulator, connection string) {
	w.t.Helper()
	system = echo.New(echo.Options{APIKey: echoKey})
	server := httptest.NewServer(system)
	w.t.Cleanup(server.Close)
	var c struct{ ID string }
	if code := w.call("POST", "/si/connections", map[string]any{"connector": "echo", "settings": map[string]any{"baseUrl": server.URL, "apiKey": echoKey}}, &c); code != http.StatusCreated {
		w.t.Fatal(code)
	}
	return system, c.ID
}

// An invoice that came from another system is signed by the authority, and that
// system's own connector, a process beside the authority's, tells it so.
func TestWhatBecomesOfAnInvoiceIsWrittenBackToItsSource(t *testing.T) {
	t.Parallel()
	w := start(t)
	erp, connection := w.erp()
	body := map[string]any{"invoice": w.invoice("SRC-1"), "source": map[string]any{"connectionId": connection, "record": "sale/7"}}
	var made sourced
	if code := w.call("POST", "/si/invoices", body, &made); code != http.StatusAccepted || made.Source == nil || made.Source.Record != "sale/7" || made.Source.WriteBack != nil {
		t.Fatalf("%d %+v", code, made)
	}
	if e := w.receiver.next(t); e.Type != "invoice.signed" {
		t.Fatalf("%+v", e)
	}
	var shown sourced
	eventually(t, "the source is told", func() bool {
		shown = sourced{}
		w.call("GET", "/si/invoices/"+made.ID, nil, &shown)
		return shown.Source.WriteBack != nil && shown.Source.WriteBack.Status == "DONE"
	})
	note, times := erp.Note("sale/7")
	if times != 1 || note.Status != "COMPLETED" || note.IRN != *shown.IRN || note.QRCodeData == "" || note.PaymentStatus != "PENDING" || note.Key != *shown.Source.WriteBack.MessageID+":write_back" {
		t.Errorf("noted %+v, %d times", note, times)
	}
}

func TestAnInvoiceThatCustomersHavePaidIsWrittenBack(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.register()
	erp, connection := m.erp()
	inv := m.invoice("SRC-3")
	inv["document_currency_code"] = "XOF"
	delete(inv, "callback_url")
	var made bill
	if status := m.call("POST", "/si/invoices", map[string]any{"invoice": inv, "source": map[string]any{"connectionId": connection, "record": "sale/8"}}, &made); status != http.StatusAccepted {
		t.Fatal(status)
	}
	b := m.when(made.ID, func(b bill) bool { return b.Status == "COMPLETED" })
	eventually(t, "the signature is noted", func() bool { _, times := erp.Note("sale/8"); return times == 1 })
	if status := m.call("POST", "/si/invoices/"+b.ID+"/payment-requests", map[string]any{"msisdn": awa, "application": "zana"}, nil); status != http.StatusCreated {
		t.Fatal(status)
	}
	m.answer(awa, "approve", "1234")
	eventually(t, "the payment is noted", func() bool {
		note, times := erp.Note("sale/8")
		return times == 2 && note.PaymentStatus == "PAID" && note.IRN == *b.IRN
	})
}

func TestASourceThatCannotBeWrittenBackToIsRefusedWithAllElse(t *testing.T) {
	t.Parallel()
	w := start(t)
	var list struct{ Data []struct{ ID string } }
	w.call("GET", "/si/connections", nil, &list)
	firs := list.Data[0].ID
	other := domain.NewID[domain.ConnectionID](domain.PrefixConnection)
	for _, c := range []struct {
		source  any
		pointer string
		code    string
	}{
		{map[string]any{"connectionId": firs, "record": "1"}, "/source/connectionId", "unsupported"},
		{map[string]any{"connectionId": other, "record": "1"}, "/source/connectionId", "not_found"},
		{map[string]any{"connectionId": other, "record": ""}, "/source/record", "min_length"},
		{map[string]any{"connectionId": "con_x", "record": "1"}, "/source/connectionId", "pattern"},
		{map[string]any{"connectionId": other}, "/source/record", "required"},
		{"7", "/source", "type"},
		{nil, "/source", "type"},
	} {
		inv := w.invoice("SRC-2")
		inv["payment_status"] = "SOON"
		var got struct{ Errors []domain.FieldError }
		code := w.call("POST", "/si/invoices", map[string]any{"invoice": inv, "source": c.source}, &got)
		codes := map[string]string{}
		for _, e := range got.Errors {
			codes[e.Pointer] = e.Code
		}
		if code != http.StatusUnprocessableEntity || codes[c.pointer] != c.code || codes["/invoice/payment_status"] == "" {
			t.Errorf("%v: %d %+v", c.source, code, got.Errors)
		}
	}
}
