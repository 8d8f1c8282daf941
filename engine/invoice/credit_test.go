package invoice_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
)

// exceeds fails unless err is the one fault of a credit too high, and both its
// texts say so much.
func (w *world) exceeds(err error, pointer, detail, fix string) {
	w.Helper()
	w.faults(err, "credit_exceeds_original@"+pointer)
	var e *domain.Error
	if !as(err, &e) || len(e.Fields) != 1 || e.Code != "credit_exceeds_original" {
		w.Fatalf("refused with %+v", e)
	}
	if f := e.Fields[0]; !strings.Contains(f.Detail, detail) || !strings.Contains(f.Fix, fix) {
		w.Errorf("%+v does not say %q and %q", f, detail, fix)
	}
}

func TestACreditTooHighSaysWhatIsLeft(t *testing.T) {
	onBoth(t, func(w *world) {
		const payable = "/legal_monetary_total/payable_amount"
		original := w.registered(worth("TH-1", 90.5))
		first, _, err := w.post("", over(worth("THN-1", 50), "380", original))
		w.must(err)
		_, _, err = w.post("", over(worth("THN-2", 40.51), "380", original))
		w.exceeds(err, payable, "credits 40.51 of invoice "+string(original.ID)+", of which 40.5 NGN", "at most 40.5 NGN")
		_, err = w.void(string(original.ID))
		w.exceeds(err, "", "90.5 NGN, of which 40.5", "over 40.5 NGN")

		// A correction gives back what the note had taken, once.
		_, err = w.put(first.ID, over(worth("THN-1", 91), "380", original))
		w.exceeds(err, payable, "of which 90.5 NGN", "at most 90.5 NGN")
		whole, err := w.put(first.ID, over(worth("THN-1", 90.5), "380", original))
		w.must(err)
		_, _, err = w.post("", over(worth("THN-3", 1), "380", original))
		w.exceeds(err, payable, "of which 0 NGN", "no further credit note")
		w.answer = refusing(domain.ClassRejected)
		w.walk(whole)
		_, err = w.put(first.ID, over(worth("THN-1", 91), "380", original))
		w.exceeds(err, payable, "of which 90.5 NGN", "at most 90.5 NGN")
	})
}

// Two corrections of one rejected note credit twice only to the eye of the
// second: it is told that the note has changed.
func TestASlowCorrectionOfANoteIsToldOfTheFast(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.registered(worth("TF-1", 50))
		inv := over(worth("TFN-1", 50), "380", original)
		w.answer = refusing(domain.ClassRejected)
		rejected := w.registered(inv)
		raw, err := json.Marshal(inv)
		w.must(err)
		_, _, err = w.accept(ingest.Submission{Environment: w.env.ID, Route: "put", Body: raw, Status: 202, DoneStatus: 200,
			Make: func(ctx context.Context) (domain.Draft, error) {
				slow, err := w.invoices.Correct(ctx, w.env, rejected.ID, "", raw)
				w.must(err)
				_, err = w.put(string(rejected.ID), inv)
				return slow, err
			}})
		if code(err) != "changed_meanwhile" {
			w.Errorf("refused with %v", err)
		}
	})
}
