package invoice_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

var erp = invoice.Source{Connection: "con_erp", Record: "account.move,42"}

// imported posts an invoice that came from a source.
func (w *world) imported(number string, source invoice.Source) (answer, error) {
	raw, err := json.Marshal(sample(w.T, number))
	w.must(err)
	a, _, err := w.accept(ingest.Submission{Environment: w.env.ID, Route: "post", New: true, Body: raw, Status: 202, DoneStatus: 200,
		Make: func(ctx context.Context) (domain.Draft, error) {
			return w.invoices.AcceptFrom(ctx, w.env, source, "/invoice", raw)
		}})
	return a, err
}

// writeBack runs the write-back that is under way.
func (w *world) writeBack(id string) {
	w.Helper()
	w.walk(answer{MessageID: string(w.get(id).WriteBack.Message)})
}

func (w *world) wantWriteBack(id string, status invoice.WriteBackStatus, again bool) {
	w.Helper()
	if got := w.get(id).WriteBack; got.Status != status || got.Again != again {
		w.Errorf("the write-back is at %+v, want %s, again %t", got, status, again)
	}
}

func TestTheSourceIsToldWhatBecomesOfItsInvoice(t *testing.T) {
	onBoth(t, func(w *world) {
		a, err := w.imported("WB-1", erp)
		w.must(err)
		w.wantWriteBack(a.ID, "", false)
		w.walk(a)
		w.wantWriteBack(a.ID, invoice.WriteBackPending, false)
		w.writeBack(a.ID)
		w.wantWriteBack(a.ID, invoice.WriteBackDone, false)
		r := w.get(a.ID)
		signed := schemas.WriteBackInput{Target: erp.Record, Status: "COMPLETED", IRN: r.IRN, QRCodeData: r.QR, SignedAt: r.SignedAt.UTC().Format("2006-01-02T15:04:05.000Z"), PaymentStatus: "PENDING"}
		w.receives(a.ID, 10) // a part is not told
		w.receives(a.ID, r.Payable/100-10)
		w.writeBack(a.ID)
		paid := signed
		paid.PaymentStatus = "PAID"
		w.receives(a.ID, -10) // nor is a refund
		w.wantWriteBack(a.ID, invoice.WriteBackDone, false)
		if !slices.Equal(w.writes, []schemas.WriteBackInput{signed, paid}) {
			w.Errorf("the source was told\n%+v, want\n%+v\n%+v", w.writes, signed, paid)
		}
		plain := w.signed("WB-2")
		if r := w.get(plain.ID); r.WriteBack.Status != "" || len(w.writes) != 2 {
			w.Errorf("an invoice from nowhere else was written back: %+v", r.WriteBack)
		}
	})
}

// What becomes of an invoice while its source is told of it is told after, by
// the next message: never two at once, and never the older one last.
func TestWhatComesMeanwhileIsToldNext(t *testing.T) {
	onBoth(t, func(w *world) {
		a, err := w.imported("WB-3", erp)
		w.must(err)
		w.walk(a)
		units := w.get(a.ID).Payable / 100
		w.writing = func() domain.Outcome {
			w.writing = nil
			w.receives(a.ID, units) // paid while the signature is written
			return domain.Outcome{Class: domain.ClassResult, Result: []byte(`{}`)}
		}
		first := w.get(a.ID).WriteBack.Message
		w.writeBack(a.ID)
		w.wantWriteBack(a.ID, invoice.WriteBackPending, false)
		if next := w.get(a.ID).WriteBack.Message; next == first {
			w.Fatal("the payment is told by nobody")
		}
		w.writeBack(a.ID)
		w.wantWriteBack(a.ID, invoice.WriteBackDone, false)
		if len(w.writes) != 2 || w.writes[0].PaymentStatus != "PENDING" || w.writes[1].PaymentStatus != "PAID" {
			w.Errorf("told %+v", w.writes)
		}
	})
}

func TestEveryEndIsWrittenBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answer = refusing(domain.ClassRejected)
		a, err := w.imported("WB-4", erp)
		w.must(err)
		w.walk(a)
		w.writeBack(a.ID)
		if n := len(w.writes); n != 1 || w.writes[0].Status != "REJECTED" || w.writes[0].Reason != "no: the authority says no" || w.writes[0].IRN != "" {
			w.Errorf("rejected: %+v", w.writes)
		}
		w.answer = nil
		again, err := w.put(a.ID, sample(w.T, "WB-4")) // a correction keeps its source
		w.must(err)
		w.walk(again)
		w.writeBack(a.ID)
		b, err := w.imported("WB-5", invoice.Source{Connection: "con_erp", Record: "43"})
		w.must(err)
		_, err = w.void(b.ID)
		w.must(err)
		w.writeBack(b.ID)
		got := []string{w.writes[1].Status, w.writes[1].Target, w.writes[2].Status, w.writes[2].Target}
		if want := []string{"COMPLETED", erp.Record, "CANCELLED", "43"}; !slices.Equal(got, want) {
			w.Errorf("told %q, want %q", got, want)
		}
	})
}

func TestAWriteBackEndsAsItsSystemSays(t *testing.T) {
	for class, want := range map[domain.Class]invoice.WriteBackStatus{
		domain.ClassRejected: invoice.WriteBackRejected, domain.ClassUnsupported: invoice.WriteBackSkipped,
		domain.ClassUnavailable: invoice.WriteBackPending,
	} {
		t.Run(string(class), func(t *testing.T) {
			onBoth(t, func(w *world) {
				w.writing = refusing(class)
				a, err := w.imported("WB-6", erp)
				w.must(err)
				w.walk(a)
				w.writeBack(a.ID)
				w.wantWriteBack(a.ID, want, false)
				if r := w.get(a.ID); r.Status != invoice.StatusCompleted {
					w.Errorf("the invoice is %s by its write-back", r.Status)
				}
			})
		})
	}
	t.Run("a connection that is gone", func(t *testing.T) {
		onBoth(t, func(w *world) {
			a, err := w.imported("WB-7", erp)
			w.must(err)
			w.gone = true
			w.walk(a)
			w.wantWriteBack(a.ID, invoice.WriteBackSkipped, false)
		})
	})
	t.Run("held, and told by hand", func(t *testing.T) {
		onBoth(t, func(w *world) {
			w.writing = refusing(domain.ClassUnknownOutcome)
			a, err := w.imported("WB-8", erp)
			w.must(err)
			w.walk(a)
			w.writeBack(a.ID)
			message := w.get(a.ID).WriteBack.Message
			w.must(w.store.Write(w.Context(), []store.Statement{store.WakeNow(domain.WorkID(message), w.store.Now())}))
			w.writeBack(a.ID) // the look-up cannot tell
			w.wantWriteBack(a.ID, invoice.WriteBackHeld, false)
			w.receives(a.ID, w.get(a.ID).Payable/100)
			w.wantWriteBack(a.ID, invoice.WriteBackHeld, true)
		})
	})
}

func TestASourceThatCannotBeToldIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		for source, want := range map[invoice.Source]string{
			{Connection: "con_a", Record: "1"}:    "unsupported",
			{Connection: "con_none", Record: "1"}: "not_found",
		} {
			_, err := w.imported("WB-9", source)
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Pointer != "/source/connectionId" || e.Fields[0].Code != want {
				w.Errorf("%s: %v", source.Connection, err)
			}
		}
	})
}
