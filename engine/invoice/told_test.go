package invoice_test

import (
	"slices"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Whatever becomes of an invoice is told, and what is told is what the schema of
// its event's type says.
func TestEveryEndIsToldAsItsSchemaSays(t *testing.T) {
	onBoth(t, func(w *world) {
		for class, want := range map[domain.Class]string{
			domain.ClassResult: "invoice.signed", domain.ClassRejected: "invoice.rejected", domain.ClassUnsupported: "invoice.failed",
			domain.ClassUnknownOutcome: "invoice.held", // the look-up cannot tell
		} {
			w.answer = nil
			if class != domain.ClassResult {
				w.answer = refusing(class)
			}
			inv := sample(w.T, "TOLD-"+string(class[0])+string(class[2]))
			inv["callback_url"] = "https://hooks.example.com/in"
			a, _, err := w.post("", inv)
			w.must(err)
			w.walk(a)
			if class == domain.ClassUnknownOutcome {
				w.must(w.store.Write(w.Context(), []store.Statement{store.WakeNow(domain.WorkID(a.MessageID), w.store.Now())}))
				w.walk(a) // the look-up
			}
			if got := w.events(a.ID); !slices.Equal(got, []string{"invoice.created", want}) {
				w.Errorf("%s: told %v", class, got)
			}
			if n := w.deliveries(a.ID); n != 1 {
				w.Errorf("%s: %d deliveries to its callback_url", class, n)
			}
		}
	})
}

// events lists the types of an invoice's events, each held to its schema.
func (w *world) events(id string) []string {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id, type, sequence, data, occurred_at FROM event WHERE resource_id = $1 ORDER BY sequence`, id)
	w.must(err)
	defer rows.Close()
	var types []string
	for rows.Next() {
		e := domain.Event{Organisation: domain.NewID[domain.OrganisationID](domain.PrefixOrganisation)}
		var sequence, occurred int64
		var data []byte
		w.must(rows.Scan(&e.ID, &e.Type, &sequence, &data, &occurred))
		e.Data, e.OccurredAt = data, domain.FromMicros(occurred)
		body, err := callback.FormatAfara.Render(e, sequence)
		w.must(err)
		if err := schemas.Validate(schemas.EventType(e.Type), body); err != nil {
			w.Errorf("%s: %v", e.Type, err)
		}
		types = append(types, e.Type)
	}
	w.must(rows.Err())
	return types
}

func (w *world) deliveries(id string) int {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT delivery.id FROM delivery JOIN event ON event.id = delivery.event_id WHERE event.resource_id = $1`, id)
	w.must(err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return n
}
