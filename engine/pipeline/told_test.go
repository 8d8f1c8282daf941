package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// waiting is the flow whose effects end long after they were taken, and whose
// vendor tells of it.
type waiting struct{ *flow }

func (waiting) Name() string { return "waiting" }

func (waiting) Pending(_ domain.Stage, result json.RawMessage) bool {
	return strings.Contains(string(result), "pending")
}

// firstLook is when a waiting one is looked at.
const firstLook = 15 * time.Second

func (waiting) Next(_ domain.Resource, _ int, at time.Time) time.Time { return at.Add(firstLook) }

func (waiting) GiveUp(r domain.Resource, _ time.Time) (domain.Resource, bool) { return r, false }

// Told believes what names its resource.
func (waiting) Told(r domain.Resource, stage domain.Stage, told json.RawMessage) (json.RawMessage, bool) {
	return json.RawMessage(`{"ended":true}`), stage == "send" && strings.Contains(string(told), r.(string))
}

// taken accepts a message whose effect the vendor has taken and not ended.
func (w *world) taken() domain.MessageID {
	w.t.Helper()
	id := w.acceptAs("waiting")
	w.vendor.script("test.send", result(`{"pending":true}`))
	w.walk(id)
	if w.due(id) < firstLook/2 {
		w.t.Fatalf("due in %s", w.due(id))
	}
	return id
}

// tell has the vendor tell how the effect of a message ended.
func (w *world) tell(id domain.MessageID, what string) {
	w.t.Helper()
	reference := w.reference(id)
	must(w.t, w.applier.Apply(w.t.Context(), domain.Change{Parts: []domain.Part{domain.WorkNews{
		Connection: "con_1", References: []string{reference}, Told: map[string]json.RawMessage{reference: json.RawMessage(`"` + what + `"`)},
	}}}))
}

func TestWhatAVendorTellsIsTheLookupsAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		told, other := w.taken(), w.taken()
		w.tell(told, "res_"+string(told))
		if w.due(told) > 0 || w.due(other) <= 0 {
			t.Fatalf("due in %s, the other in %s", w.due(told), w.due(other))
		}
		w.walk(told)
		w.wantEnd(told, domain.EndCompleted)
		w.tell(told, "res_"+string(told)) // it has settled
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 2 || asked != 0 {
			t.Errorf("sent %d times for two messages, looked up %d times", sent, asked)
		}
	})
}

// What proves too little is a hint: the look-up answers, and may say otherwise.
func TestWhatIsNotProvedIsLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.taken()
	w.tell(id, "something of another")
	w.vendor.script("test.lookup", looked(domain.LookupFoundPending))
	if w.due(id) > 0 || !w.walk(id) {
		t.Fatal("the news did not make it due")
	}
	if asked := w.vendor.count("test.lookup"); asked != 1 || w.ending(id) != "" {
		t.Errorf("looked up %d times, ended as %q", asked, w.ending(id))
	}
	plain := w.doubtful() // its flow takes no push for an answer
	w.tell(plain, "res_"+string(plain))
	w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
	w.walk(plain)
	if asked := w.vendor.count("test.lookup"); asked != 2 {
		t.Errorf("looked up %d times", asked)
	}
}

// A vendor that refuses at once may tell so before its own answer has arrived.
func TestAPushMayOvertakeTheAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.acceptAs("waiting")
		w.vendor.script("test.send", then(func() { w.tell(id, "res_"+string(id)) }, result(`{"pending":true}`)))
		w.walk(id)
		if w.due(id) > firstLook/2 {
			t.Errorf("it waits %s for what is known", w.due(id))
		}
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if asked := w.vendor.count("test.lookup"); asked != 0 {
			t.Errorf("looked up %d times", asked)
		}
	})
}

// What a person was to find out, the vendor may tell after all: then nobody has to
// act, nor can overrule it.
func TestAHeldMessageGoesOnByItselfOnceItsVendorTells(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.taken()
		w.vendor.script("test.lookup", looked(domain.LookupCannotTell))
		w.clock.Add(time.Hour)
		w.walk(id)
		w.wantHeld(id, "cannot_tell")
		w.tell(id, "something of another")
		w.wantHeld(id, "cannot_tell")
		w.tell(id, "res_"+string(id))
		err := w.pipeline.Resolve(t.Context(), env, id, pipeline.Resolution{Outcome: domain.EndFailed, Evidence: "nobody saw it", Actor: "tester"})
		if !isCode(err, "not_held") {
			t.Errorf("resolved: %v", err)
		}
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if asked := w.vendor.count("test.lookup"); asked != 1 {
			t.Errorf("looked up %d times", asked)
		}
	})
}

// What was taken for done by a resend stays closed, and what the vendor tells of
// its reference answers the attempt that is open.
func TestWhatIsToldAnswersTheOpenAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.acceptAs("waiting")
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome), fails(domain.ClassUnknownOutcome))
	w.walk(id)
	for w.vendor.count("test.send") < 2 {
		w.clock.Add(10 * time.Minute)
		w.walk(id)
	}
	before := w.vendor.count("test.lookup")
	w.tell(id, "res_"+string(id))
	w.walk(id)
	w.wantEnd(id, domain.EndCompleted)
	if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 2 || asked != before {
		t.Errorf("sent %d times, looked up %d times more", sent, asked-before)
	}
	if all := w.attempts(id); len(all) != 2 || all[0].Outcome != "not_done" || all[1].Outcome != domain.ClassResult {
		t.Errorf("attempts %+v", all)
	}
}
