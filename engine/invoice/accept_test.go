package invoice_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
)

// racers is how many callers each invariant is tried with.
const racers = 32

func TestOneNumberMakesOneInvoice(t *testing.T) {
	onBoth(t, func(w *world) {
		// The same key but for separators and case: the authority would see one.
		spellings := []string{"inv/001", "INV-001", "Inv.001", "INV 001"}
		var won atomic.Int32
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				_, _, err := w.post("", sample(w.T, spellings[i%len(spellings)]))
				switch c := code(err); c {
				case "":
					won.Add(1)
				case "invoice_number_taken":
				default:
					w.Errorf("refused with %s", c)
				}
			})
		}
		group.Wait()
		if n := won.Load(); n != 1 {
			w.Fatalf("%d invoices", n)
		}
		_, _, err := w.post("", sample(w.T, "INV001"))
		var e *domain.Error
		if !as(err, &e) || e.Extra["invoiceId"] == nil {
			w.Errorf("the refusal does not name the other invoice: %+v", e)
		}
	})
}

func TestOneKeyMakesOneInvoiceAndOneAnswer(t *testing.T) {
	onBoth(t, func(w *world) {
		inv := sample(w.T, "K-1")
		var fresh atomic.Int32
		ids := make([]string, racers)
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				a, replayed, err := w.post("key-1", inv)
				if err != nil {
					w.Errorf("post: %v", err)
				}
				if !replayed {
					fresh.Add(1)
				}
				ids[i] = a.ID
			})
		}
		group.Wait()
		for _, id := range ids {
			if id != ids[0] || id == "" {
				w.Fatalf("answers %v", ids)
			}
		}
		if n := fresh.Load(); n != 1 {
			w.Errorf("%d fresh answers", n)
		}
		if _, _, err := w.post("key-1", sample(w.T, "K-2")); code(err) != "idempotency_key_reused" {
			w.Errorf("another body under the key: %v", err)
		}
		broken := sample(w.T, "K-3")
		delete(broken, "issue_date")
		if _, _, err := w.post("key-2", broken); code(err) != "invalid_invoice" {
			w.Errorf("broken: %v", err)
		}
		if _, replayed, err := w.post("key-2", sample(w.T, "K-3")); err != nil || replayed {
			w.Errorf("a refused request used up its key: %v", err)
		}
	})
}

func TestCreditsNeverExceedTheOriginal(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.get(w.signed("C-1").ID)
		var won atomic.Int32
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				_, _, err := w.post("", note(w.T, fmt.Sprintf("CN-%d", i), "380", original))
				switch c := code(err); c {
				case "":
					won.Add(1)
				case "credit_exceeds_original":
				default:
					w.Errorf("refused with %s", c)
				}
			})
		}
		group.Wait()
		if n := won.Load(); n != 1 {
			w.Fatalf("%d credit notes over the whole amount", n)
		}
	})
}

func TestRejectedNoteGivesItsCreditBack(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.get(w.signed("R-1").ID)
		w.answer = refusing(domain.ClassRejected)
		first, _, err := w.post("", note(w.T, "RN-1", "380", original))
		w.must(err)
		w.walk(first)
		if r := w.get(first.ID); r.Status != invoice.StatusRejected {
			w.Fatalf("note is %s", r.Status)
		}
		w.answer = nil
		second, _, err := w.post("", note(w.T, "RN-2", "380", original))
		w.must(err)
		w.walk(second)
		if second.Original != string(original.ID) {
			w.Errorf("note's original is %q", second.Original)
		}
		if r := w.get(string(original.ID)); r.Credited != r.Payable {
			w.Errorf("credited %d of %d", r.Credited, r.Payable)
		}
	})
}

func TestNoteOfAnUnsignedInvoiceIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answer = refusing(domain.ClassUnknownOutcome)
		a, _, err := w.post("", sample(w.T, "U-1"))
		w.must(err)
		w.walk(a)
		original := w.get(a.ID)
		for _, kind := range []string{"380", "384"} {
			if _, _, err := w.post("", note(w.T, "UN-"+kind, kind, original)); code(err) != "invalid_invoice" {
				w.Errorf("%s: %v", kind, err)
			}
		}
	})
}
