package engine_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
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

// signed posts an invoice and waits for its callback.
func (w *world) signed(inv map[string]any) event {
	w.t.Helper()
	var a answer
	if status := w.call("POST", "/si/invoices", map[string]any{"invoice": inv}, &a); status != http.StatusAccepted {
		w.t.Fatalf("status %d", status)
	}
	e := w.receiver.next(w.t)
	if e.Type != "invoice.signed" || e.Data["id"] != a.ID {
		w.t.Fatalf("callback %s of %v, want invoice.signed of %s", e.Type, e.Data["id"], a.ID)
	}
	return e
}

func TestNotesGoTheWholeWayAndNameTheirOriginal(t *testing.T) {
	t.Parallel()
	w := start(t)
	original := w.signed(w.invoice("INV-0001"))
	reference := []any{map[string]any{"irn": original.Data["invoice_reference_number"], "issue_date": original.Data["issue_date"]}}
	for code, number := range map[string]string{"380": "CN-0001", "384": "DN-0001"} {
		inv := w.invoice(number)
		inv["invoice_type_code"], inv["billing_reference"] = code, reference
		e := w.signed(inv)
		if e.Data["original_invoice_id"] != original.Data["id"] || e.Data["invoice_type_code"] != code {
			t.Errorf("note %s: original %v, type %v", code, e.Data["original_invoice_id"], e.Data["invoice_type_code"])
		}
		if got, ok := e.Data["billing_reference"].([]any); !ok || len(got) != 1 {
			t.Errorf("note %s: billing_reference %v", code, e.Data["billing_reference"])
		}
	}
}

func TestRejectionIsToldWithItsReason(t *testing.T) {
	t.Parallel()
	w := start(t)
	// With another business's service id no IRN fits the template.
	business, err := w.authority.Provision(firs.Provision{Name: "Adebayo Stores", TIN: "12345678-0001", Email: "tax@adebayo.example"})
	must(t, err)
	business.ServiceID = "ZZZZ9999"
	w.connect(business)
	var a answer
	w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("INV-0002")}, &a)
	e := w.receiver.next(t)
	if e.Type != "invoice.rejected" || e.Data["status"] != "REJECTED" {
		t.Fatalf("callback %s, status %v", e.Type, e.Data["status"])
	}
	if reasons, ok := e.Data["errors"].([]any); !ok || len(reasons) == 0 {
		t.Errorf("errors %v", e.Data["errors"])
	}
	if c := w.authority.Counters(); c.Registered != 0 {
		t.Errorf("registered %d", c.Registered)
	}
}

func TestLostAnswerIsLookedUpAndNotSentTwice(t *testing.T) {
	t.Parallel()
	w := start(t)
	must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultDropRegistered, Times: 1}))
	e := w.signed(w.invoice("INV-0003"))
	irn := e.Data["invoice_reference_number"].(string)
	if asked, _ := w.authority.Asked(irn); asked.Signs != 1 || asked.Confirms == 0 {
		t.Errorf("asked %+v", asked)
	}
	if c := w.authority.Counters(); c.Violations != 0 {
		t.Errorf("violations %d: %v", c.Violations, c.Violators)
	}
}

func TestAReceiverThatIsGoneIsAskedOnceAndRecorded(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.receiver.status = func(int) int { return http.StatusGone }
	w.signed(w.invoice("INV-0004"))
	eventually(t, "the refusal is recorded", func() bool {
		rows, err := w.engine.Store.Reader().Query(t.Context(), `SELECT status FROM delivery`)
		must(t, err)
		defer rows.Close()
		var status string
		for rows.Next() {
			must(t, rows.Scan(&status))
		}
		return status == "refused"
	})
}

func TestRefusedConnectionPausesAndResumesWithNewSettings(t *testing.T) {
	t.Parallel()
	w := start(t)
	business, err := w.authority.Provision(firs.Provision{Name: "Adebayo Stores", TIN: "12345678-0001", Email: "tax@adebayo.example"})
	must(t, err)
	good := business.APISecret
	business.APISecret = "wrong"
	w.connect(business)
	var a answer
	w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("INV-0005")}, &a)
	eventually(t, "the connection pauses", func() bool {
		list, err := w.engine.Registry.List(t.Context(), w.env)
		must(t, err)
		return list[0].Paused != nil && list[0].Paused.Reason == "unauthorized"
	})
	business.APISecret = good
	w.connect(business)
	if e := w.receiver.next(t); e.Type != "invoice.signed" || e.Data["id"] != a.ID {
		t.Errorf("callback %+v", e)
	}
}

// TestNodeThatIsToldToStopWhileItBeginsEndsInOrder: the order to stop comes
// before the node has begun, and at each point of its beginning.
func TestNodeThatIsToldToStopWhileItBeginsEndsInOrder(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s := settings(t, t.TempDir())
	for look := range 12 {
		e, err := engine.New(t.Context(), engine.Config{Settings: s, Log: log, RunDir: t.TempDir()})
		must(t, err)
		// The last looks may come after the beginning: then the node runs a little.
		base, cancel := context.WithTimeout(t.Context(), time.Second)
		ctx := &endsWhenLookedAt{Context: base, end: cancel}
		ctx.looks.Store(int64(look))
		if look == 0 {
			cancel()
		}
		if err := e.Run(ctx, nil); err != nil {
			t.Errorf("told to stop at look %d: %v", look, err)
		}
		cancel()
	}
}

// endsWhenLookedAt ends when it is asked for its end for the n-th time.
type endsWhenLookedAt struct {
	context.Context
	looks atomic.Int64
	end   context.CancelFunc
}

func (c *endsWhenLookedAt) Done() <-chan struct{} {
	if c.looks.Add(-1) == 0 {
		c.end()
	}
	return c.Context.Done()
}
