package pipeline_test

import (
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
)

// due is how long the message still waits.
func (w *world) due(id domain.MessageID) time.Duration {
	w.t.Helper()
	row, _, err := w.store.WorkOf(w.t.Context(), domain.WorkID(id))
	must(w.t, err)
	return row.DueAt.Sub(w.clock.Now())
}

func TestWaitThatIsTooShortIsAWholeSecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	for _, operation := range []string{"test.prepare", "test.send"} {
		w.vendor.script(operation, func(c domain.Call) domain.Outcome {
			out := fails(domain.ClassRateLimited)(c)
			out.Error.RetryAfter = time.Millisecond
			return out
		})
	}
	id := w.accept()
	for range 2 {
		w.walk(id)
		d := w.due(id)
		if d < time.Second || d > 2*time.Second {
			t.Errorf("due in %s", d)
		}
		w.clock.Add(d)
	}
}

// A connection whose Check passes while this message's calls are refused would
// pause and resume for ever.
func TestMessageThatIsRefusedForDaysIsHeld(t *testing.T) {
	t.Parallel()
	for name, class := range map[string]domain.Class{"unauthorized": domain.ClassUnauthorized, "misconfigured": domain.ClassMisconfigured} {
		for _, operation := range []string{"test.prepare", "test.send", "test.lookup"} {
			t.Run(name+" "+operation, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
				if operation == "test.lookup" {
					w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
				}
				for range 100 {
					w.vendor.script(operation, fails(class))
				}
				id := w.accept()
				for range 74 {
					w.walk(id)
					must(t, w.store.OpenGate(t.Context(), "con_1"))
					w.clock.Add(time.Hour)
				}
				w.wantHeld(id, "failing_too_long")
			})
		}
	}
}

// failing makes the end of a resource something that the database refuses.
func (w *world) failing(id domain.MessageID) {
	w.t.Helper()
	must(w.t, w.store.Write(w.t.Context(), []store.Statement{{
		SQL: `INSERT INTO lease (name, owner, lease_until) VALUES ($1, '', 0)`, Args: []any{"res_" + string(id)}, Rows: 1,
	}}))
}

func TestEndThatCannotBeStoredIsHeldAndNotSentAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		w.failing(id)
		w.walk(id)
		w.wantHeld(id, "internal_error")
		must(t, w.store.Write(t.Context(), []store.Statement{{SQL: `DELETE FROM lease WHERE name = $1`, Args: []any{"res_" + string(id)}, Rows: 1}}))
		_, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{Messages: []domain.MessageID{id}}, false, "tester")
		must(t, err)
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 0 {
			t.Errorf("sent %d, looked up %d times: the answer was there", sent, asked)
		}
	})
}

// suspect makes a message that was in flight when its connector died.
func (w *world) suspect() domain.MessageID {
	w.t.Helper()
	w.vendor.script("test.prepare", crashes(domain.ClassUnavailable))
	id := w.accept()
	w.walk(id)
	w.clock.Add(w.due(id))
	return id
}

func TestOneSuspectWaitsForItsLaneAndTheOthersTakeNoSlot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	first, second := w.suspect(), w.suspect()
	runs := map[domain.MessageID]*pipeline.Run{}
	busy := w.accept()
	for _, id := range []domain.MessageID{busy, first, second} {
		runs[id] = w.claim("node_1", id)
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	w.vendor.script("test.prepare", then(func() { close(inside); <-leave }, result(`{}`)))
	var group sync.WaitGroup
	group.Go(func() { w.pipeline.Walk(t.Context(), runs[busy]) })
	<-inside
	done := make(chan domain.MessageID, 2)
	for _, id := range []domain.MessageID{first, second} {
		group.Go(func() {
			w.pipeline.Walk(t.Context(), runs[id])
			done <- id
		})
	}
	put := <-done // while the other waits for the one inside
	row, _, err := w.store.WorkOf(t.Context(), domain.WorkID(put))
	must(t, err)
	if row.Owner != "" || !row.Suspect || row.LostClaims != 0 || w.due(put) <= 0 {
		t.Errorf("put off as %+v", row)
	}
	close(leave)
	group.Wait()
	w.toEnd(put)
	for _, id := range []domain.MessageID{busy, first, second} {
		w.wantEnd(id, domain.EndCompleted)
	}
}

// A walk that waited for its lane until its claim had ended makes no call.
func TestWalkThatBeginsTooLateMakesNoCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.accept()
	late, nearly := w.claim("node_1", id), w.accept()
	w.clock.Add(5 * time.Minute)
	w.pipeline.Walk(t.Context(), late)
	if n := w.vendor.count("test.prepare"); n != 0 {
		t.Fatalf("%d calls", n)
	}
	// One whose claim is nearly over renews it before its first call.
	run := w.claim("node_1", nearly)
	w.clock.Add(5*time.Minute - time.Second)
	w.vendor.script("test.prepare", then(func() {
		row, _, err := w.store.WorkOf(t.Context(), domain.WorkID(nearly))
		must(t, err)
		if left := row.LeaseUntil.Sub(w.clock.Now()); left < time.Minute {
			t.Errorf("the claim covers %s more", left)
		}
	}, result(`{}`)))
	w.pipeline.Walk(t.Context(), run)
	w.wantEnd(nearly, domain.EndCompleted)
}
