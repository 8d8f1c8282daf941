package invoice_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
)

func as(err error, target **domain.Error) bool { return errors.As(err, target) }

func TestRejectedInvoiceIsCorrectedAndRunsAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answer = refusing(domain.ClassRejected)
		a, _, err := w.post("", sample(w.T, "P-1"))
		w.must(err)
		w.walk(a)
		if r := w.get(a.ID); r.Status != invoice.StatusRejected || len(r.Reasons) != 1 {
			w.Fatalf("after refusal %+v", r)
		}
		w.answer = nil
		changed := sample(w.T, "P-1")
		changed["note"] = "mended"
		b, err := w.put(a.ID, changed)
		w.must(err)
		if b.ID != a.ID || b.MessageID == a.MessageID || b.Status != "DRAFT" || b.Invoice["notes"] != "mended" {
			w.Fatalf("corrected as %+v", b)
		}
		w.walk(b)
		if r := w.get(a.ID); r.Status != invoice.StatusCompleted || len(r.Reasons) != 0 {
			w.Errorf("after correction %+v", r)
		}
		if _, err := w.put(a.ID, changed); code(err) != "already_signed" {
			w.Errorf("correct a signed invoice: %v", err)
		}
	})
}

func TestCorrectionKeepsNumberAndDate(t *testing.T) {
	onBoth(t, func(w *world) {
		a, _, err := w.post("", sample(w.T, "P-2"))
		w.must(err)
		_, err = w.put(a.ID, sample(w.T, "P-3"))
		var e *domain.Error
		if !as(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/invoice_number" {
			w.Errorf("another number: %v", err)
		}
	})
}

func TestWaitingInvoiceIsCorrectedUnlessItsOutcomeIsInDoubt(t *testing.T) {
	onBoth(t, func(w *world) {
		waiting, _, err := w.post("", sample(w.T, "P-4"))
		w.must(err)
		if _, err := w.put(waiting.ID, sample(w.T, "P-4")); err != nil {
			w.Errorf("correct a waiting invoice: %v", err)
		}
		w.answer = refusing(domain.ClassUnknownOutcome)
		doubtful, _, err := w.post("", sample(w.T, "P-5"))
		w.must(err)
		w.walk(doubtful)
		if _, err := w.put(doubtful.ID, sample(w.T, "P-5")); code(err) != "in_flight" {
			w.Errorf("correct one in doubt: %v", err)
		}
		if _, err := w.void(doubtful.ID); code(err) != "in_flight" {
			w.Errorf("void one in doubt: %v", err)
		}
	})
}

// A worker that is walking when its invoice is voided must not send.
func TestVoidFencesARunningWorker(t *testing.T) {
	onBoth(t, func(w *world) {
		a, _, err := w.post("", sample(w.T, "V-1"))
		w.must(err)
		rows, err := w.store.Claim(w.Context(), "node_1", 3600e9, []domain.WorkID{domain.WorkID(a.MessageID)})
		w.must(err)
		runs, err := w.pipeline.Load(w.Context(), rows)
		w.must(err)
		_, err = w.void(a.ID)
		w.must(err)
		w.answer = func() domain.Outcome {
			w.Error("sent after the void")
			return refusing(domain.ClassRejected)()
		}
		w.pipeline.Walk(w.Context(), runs[rows[0].ID])
		if r := w.get(a.ID); r.Status != invoice.StatusCancelled {
			w.Errorf("status %s", r.Status)
		}
	})
}

func TestCancelledNumberIsFreeAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		a, _, err := w.post("", sample(w.T, "V-2"))
		w.must(err)
		b, err := w.void(a.ID)
		w.must(err)
		if b.Status != "CANCELLED" {
			w.Errorf("voided as %s", b.Status)
		}
		if again, err := w.void(a.ID); err != nil || again.Status != "CANCELLED" {
			w.Errorf("void twice: %+v %v", again, err)
		}
		if _, _, err := w.post("", sample(w.T, "V-2")); err != nil {
			w.Errorf("the number of a cancelled invoice: %v", err)
		}
	})
}

func TestVoidOfASignedInvoiceMakesOneCreditNote(t *testing.T) {
	onBoth(t, func(w *world) {
		a := w.signed("V-3")
		first, err := w.void(a.ID)
		w.must(err)
		if first.ID == a.ID || first.Original != a.ID || first.Invoice["invoice_type_code"] != "380" || first.Invoice["invoice_number"] != "V-3CN" {
			w.Fatalf("note %+v", first)
		}
		second, err := w.void(a.ID)
		w.must(err)
		if second.ID != first.ID {
			w.Errorf("a second void made %s beside %s", second.ID, first.ID)
		}
		w.walk(first)
		if r := w.get(a.ID); r.Status != invoice.StatusCompleted || r.Credited != r.Payable {
			w.Errorf("original %+v", r)
		}
		if _, err := w.void(first.ID); code(err) != "credit_note_not_voidable" {
			w.Errorf("void a note: %v", err)
		}
	})
}

// Whoever is first, worker or person, the other one comes to nothing.
func TestVoidOrCorrectionAndSentExcludeEachOther(t *testing.T) {
	onBoth(t, func(w *world) {
		var signs atomic.Int32
		w.answer = func() domain.Outcome {
			signs.Add(1)
			return domain.Outcome{Class: domain.ClassResult, Result: json.RawMessage(`{}`)}
		}
		for i := range 24 {
			a, _, err := w.post("", sample(w.T, fmt.Sprintf("X-%d", i)))
			w.must(err)
			rows, err := w.store.Claim(w.Context(), "node_1", time.Hour, []domain.WorkID{domain.WorkID(a.MessageID)})
			w.must(err)
			runs, err := w.pipeline.Load(w.Context(), rows)
			w.must(err)
			before := signs.Load()
			var taken error
			var group sync.WaitGroup
			group.Go(func() { w.pipeline.Walk(w.Context(), runs[rows[0].ID]) })
			group.Go(func() {
				if i%2 == 0 {
					_, taken = w.void(a.ID)
					return
				}
				_, taken = w.put(a.ID, sample(w.T, fmt.Sprintf("X-%d", i)))
			})
			group.Wait()
			signed := signs.Load() - before
			switch r := w.get(a.ID); {
			case r.Status == invoice.StatusCompleted && signed == 1:
			case r.Status == invoice.StatusCancelled && signed == 0 && taken == nil:
			case r.Status == invoice.StatusDraft && signed == 0 && taken == nil && string(r.Message) != a.MessageID:
			default:
				w.Errorf("%s is %s, signed %d times, taken back with %v", a.ID, r.Status, signed, taken)
			}
			if c := code(taken); c != "" && c != "in_flight" && c != "already_signed" && c != "changed_meanwhile" {
				w.Errorf("refused with %s", c)
			}
		}
	})
}
