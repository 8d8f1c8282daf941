package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// doubtful accepts a message whose sending leaves a doubt, so that it waits for
// its look-up.
func (w *world) doubtful() domain.MessageID {
	w.t.Helper()
	id := w.accept()
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	w.walk(id)
	if w.due(id) <= 0 {
		w.t.Fatal("it does not wait")
	}
	return id
}

func (w *world) reference(id domain.MessageID) string {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT vendor_reference FROM attempt WHERE message_id = $1`, id)
	must(w.t, err)
	defer rows.Close()
	var reference string
	for rows.Next() {
		must(w.t, rows.Scan(&reference))
	}
	must(w.t, rows.Err())
	return reference
}

func (w *world) news(connection domain.ConnectionID, references ...string) {
	w.t.Helper()
	must(w.t, w.applier.Apply(w.t.Context(), domain.Change{Parts: []domain.Part{domain.WorkNews{Connection: connection, References: references}}}))
}

func TestNewsOfAReferenceMakesItsLookupDue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		told, other := w.doubtful(), w.doubtful()
		reference := w.reference(told)
		if reference == "" || reference == w.reference(other) {
			t.Fatalf("reference %q", reference)
		}
		w.news("con_2", reference)
		w.news("con_1", "nothing of ours", "")
		w.news("con_1")
		if w.due(told) <= 0 || w.due(other) <= 0 {
			t.Fatal("news of something else woke them")
		}
		w.news("con_1", "nothing of ours", reference)
		if w.due(told) > 0 || w.due(other) <= 0 {
			t.Errorf("due in %s, the other in %s", w.due(told), w.due(other))
		}
		w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
		if !w.walk(told) {
			t.Fatal("it cannot be claimed")
		}
		w.wantEnd(told, domain.EndCompleted)
		if n := w.vendor.count("test.send"); n != 2 {
			t.Errorf("sent %d times for two messages", n)
		}
		w.news("con_1", reference) // it has settled
	})
}

func TestNewsFindsItsMessageAmongMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	first := w.doubtful()
	w.clock.Add(time.Millisecond)
	for range 501 {
		w.doubtful()
	}
	last := w.doubtful()
	w.news("con_1", w.reference(first), w.reference(last))
	if w.due(first) > 0 || w.due(last) > 0 {
		t.Errorf("due: the first in %s, the last in %s", w.due(first), w.due(last))
	}
	if n := w.number(fmt.Sprintf(`SELECT COUNT(*) FROM work WHERE due_at <= %d`, domain.Micros(w.clock.Now()))); n != 2 {
		t.Errorf("%d are due, want 2", n)
	}
}

// A person's turn stays a person's: news releases nothing that is held.
func TestNewsLeavesWhatIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.doubtful()
	w.vendor.script("test.lookup", fails(domain.ClassInternal))
	w.clock.Add(10 * time.Minute)
	w.walk(id)
	if w.held(id) == nil {
		t.Fatal("not held")
	}
	w.news("con_1", w.reference(id))
	if w.walk(id) {
		t.Error("it was claimed")
	}
}
