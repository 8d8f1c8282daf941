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

// suspect makes a message that was in flight, not alone, when its connector
// died, so many times.
func (w *world) suspect(deaths int) domain.MessageID {
	w.t.Helper()
	id := w.accept()
	for range deaths {
		w.vendor.script("test.prepare", crashes(domain.ClassUnavailable))
		w.walk(id)
		w.clock.Add(w.due(id))
	}
	return id
}

// walkAll claims messages for one node, which walks each in a goroutine of its
// own; the channel tells whose walk is over.
func (w *world) walkAll(group *sync.WaitGroup, ids ...domain.MessageID) <-chan domain.MessageID {
	w.t.Helper()
	done := make(chan domain.MessageID, len(ids))
	for _, id := range ids {
		run := w.claim("node_1", id)
		group.Go(func() {
			w.pipeline.Walk(w.t.Context(), run)
			done <- id
		})
	}
	return done
}

// inside scripts a call that ends when the test says so.
func (w *world) inside(n int) (entered chan struct{}, leave func()) {
	entered, gate := make(chan struct{}, n), make(chan struct{})
	for range n {
		w.vendor.script("test.prepare", then(func() { entered <- struct{}{}; <-gate }, result(`{}`)))
	}
	return entered, sync.OnceFunc(func() { close(gate) })
}

// wantPutOff fails unless the message rests as the suspect that it was.
func (w *world) wantPutOff(id domain.MessageID, suspect int) {
	w.t.Helper()
	row, _, err := w.store.WorkOf(w.t.Context(), domain.WorkID(id))
	must(w.t, err)
	if row.Owner != "" || row.Suspect != suspect || row.LostClaims != 0 || w.due(id) <= 0 {
		w.t.Errorf("put off as %+v", row)
	}
}

func TestAFewSuspectsRunTogetherAndTheOthersTakeNoSlot(t *testing.T) {
	t.Parallel()
	const company = 16
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	suspects := make([]domain.MessageID, company+1)
	for i := range suspects {
		suspects[i] = w.suspect(1)
	}
	busy := w.accept()
	var group sync.WaitGroup
	defer group.Wait()
	entered, leave := w.inside(1)
	defer leave()
	w.walkAll(&group, busy)
	<-entered
	together, part := w.inside(company)
	defer part()
	done := w.walkAll(&group, suspects...)
	put := <-done // while the others wait for the one inside
	w.wantPutOff(put, 1)
	if len(together) > 0 {
		t.Error("a suspect runs beside one that is none")
	}
	leave()
	for range company {
		<-together // each waits inside for all
	}
	part()
	group.Wait()
	w.toEnd(put)
	for _, id := range append(suspects, busy) {
		w.wantEnd(id, domain.EndCompleted)
	}
}

func TestWhatWasInFlightAtTwoCrashesRunsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	twice, once := w.suspect(2), w.suspect(1)
	var group sync.WaitGroup
	defer group.Wait()
	for _, first := range []domain.MessageID{twice, once} {
		second, deaths := once, 1
		if first == once {
			second, deaths = w.suspect(2), 2
		}
		entered, leave := w.inside(1)
		done := w.walkAll(&group, first)
		<-entered
		<-w.walkAll(&group, second)
		w.wantPutOff(second, deaths)
		leave()
		<-done
		w.wantEnd(first, domain.EndCompleted)
		w.clock.Add(w.due(second))
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
