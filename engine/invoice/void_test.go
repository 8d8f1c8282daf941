package invoice_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
)

func TestTwinVoidsAreAnsweredTheSameNote(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.registered(worth("TV-1", 50))
		ids := make([]string, racers)
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				number := ""
				if i%2 == 1 {
					number = fmt.Sprintf("TVN-%d", i)
				}
				a, err := w.voidAs(string(original.ID), number)
				if err != nil {
					w.Errorf("void: %v", err)
				}
				ids[i] = a.ID
			})
		}
		group.Wait()
		for _, id := range ids {
			if id != ids[0] || id == string(original.ID) {
				w.Fatalf("answers %v", ids)
			}
		}
		if r := w.get(string(original.ID)); r.Credited != r.Payable {
			w.Errorf("credited %d of %d", r.Credited, r.Payable)
		}
	})
}

// However often a twin is faster, a void is made twice at most.
func TestAVoidThatLosesAgainIsToldSo(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.registered(worth("LV-1", 50))
		made := 0
		_, _, err := w.accept(ingest.Submission{Environment: w.env.ID, Route: "void", Status: 202, DoneStatus: 200,
			Make: func(ctx context.Context) (domain.Draft, error) {
				made++
				slow, err := w.invoices.Void(ctx, w.env, original.ID, fmt.Sprintf("LVN-%d", made))
				w.must(err)
				twin, err := w.void(string(original.ID))
				w.must(err)
				if made == 1 { // and taken back at once, but for the look at it
					before := slow.Explain
					slow.Explain = func(ctx context.Context, err error) error {
						err = before(ctx, err)
						_, voided := w.void(twin.ID)
						w.must(voided)
						return err
					}
				}
				return slow, nil
			}})
		if code(err) != "changed_meanwhile" || made != 2 {
			w.Errorf("made %d times, then %v", made, err)
		}
	})
}

func TestAFailedNoteThatKeepsItsNumberIsNamed(t *testing.T) {
	onBoth(t, func(w *world) {
		for class, want := range map[domain.Class]string{domain.ClassRejected: "with PUT", domain.ClassUnsupported: "Void it"} {
			number := "KN-" + string(class)[:3]
			original := w.registered(worth(number, 50))
			w.answer = refusing(class)
			first, err := w.void(string(original.ID))
			w.must(err)
			w.walk(first)
			w.answer = nil
			_, err = w.void(string(original.ID))
			var e *domain.Error
			if !as(err, &e) || e.Code != "invoice_number_taken" || e.Extra["invoiceId"] != domain.InvoiceID(first.ID) ||
				!strings.Contains(e.Detail, first.ID) || !strings.Contains(e.Detail, want) || !strings.Contains(e.Detail, "another number") {
				w.Fatalf("%s: %+v", class, e)
			}
			w.mendNote(class, first, original)
			if r := w.get(string(original.ID)); r.Credited != r.Payable {
				w.Errorf("%s: credited %d of %d", class, r.Credited, r.Payable)
			}
		}
	})
}

// mendNote does what the refusal proposes.
func (w *world) mendNote(class domain.Class, first answer, original invoice.Row) {
	w.Helper()
	if class == domain.ClassRejected {
		again, err := w.put(first.ID, w.sent(first.ID))
		w.must(err)
		w.walk(again)
		return
	}
	_, err := w.void(first.ID)
	w.must(err)
	second, err := w.void(string(original.ID))
	w.must(err)
	w.walk(second)
}
