package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// What a look-up says is not what the vendor answered to the request. Kept as
// the answer of its attempt, a `not_found` would settle the message as done and
// an `unavailable` would have it sent again.
func TestAnswerOfAFencedLookupIsDropped(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(domain.Call) domain.Outcome{
		"not found":     looked(domain.LookupNotFound),
		"found pending": looked(domain.LookupFoundPending),
		"found final":   looked(domain.LookupFoundFinal),
		"unavailable":   fails(domain.ClassUnavailable),
		"unauthorized":  fails(domain.ClassUnauthorized),
		"rejected":      fails(domain.ClassRejected),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				id := w.accept()
				w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
				w.walk(id)
				var second *pipeline.Run
				w.vendor.script("test.lookup",
					overtaken(w, func() { second = w.claim("node_2", id) }, answer),
					looked(domain.LookupFoundPending), looked(domain.LookupFoundFinal))
				w.clock.Add(time.Minute)
				w.walk(id)
				must(t, w.store.OpenGate(t.Context(), "con_1")) // the refused look-up has paused the connection
				w.pipeline.Walk(t.Context(), second)
				w.toEnd(id)
				w.wantEnd(id, domain.EndCompleted)
				if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 3 {
					t.Errorf("sent %d, looked up %d times", sent, asked)
				}
			})
		})
	}
}

// lateAndHeld leaves a message held in doubt, and then answers its request.
func lateAndHeld(t *testing.T, w *world, answer func(domain.Call) domain.Outcome) domain.MessageID {
	t.Helper()
	id := w.accept()
	w.vendor.script("test.lookup", looked(domain.LookupCannotTell))
	w.vendor.script("test.send", overtaken(w, func() {
		w.pipeline.Walk(t.Context(), w.claim("node_2", id))
		w.wantHeld(id, "cannot_tell")
	}, answer))
	w.walk(id)
	w.clock.Add(time.Hour)
	return id
}

func TestPersonCannotOverruleAnAnswerThatHasArrived(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := lateAndHeld(t, w, result(`{}`))
		one := pipeline.HeldFilter{Messages: []domain.MessageID{id}}
		if err := w.pipeline.Resolve(t.Context(), env, id, pipeline.Resolution{Outcome: domain.EndFailed, Evidence: "nobody saw it", Actor: "tester"}); !isCode(err, "answered") {
			t.Errorf("resolved: %v", err)
		}
		out, err := w.pipeline.Replay(t.Context(), env, one, true, "tester")
		must(t, err)
		if refused := out.Refused[id]; refused == nil || refused.Code != "answered" {
			t.Errorf("sent again: %+v", out)
		}
		_, err = w.pipeline.Replay(t.Context(), env, one, false, "tester")
		must(t, err)
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 1 {
			t.Errorf("sent %d, looked up %d times", sent, asked)
		}
	})
}

// Found but different would reject; the vendor's own answer, which came during
// the look-up, counts more.
func TestLateAnswerStopsARejectionByLookup(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		resume, answered := make(chan struct{}), make(chan struct{})
		w.vendor.script("test.send", then(func() { <-resume }, result(`{}`)))
		go func() {
			defer close(answered)
			w.walk(id)
		}()
		waitFor(t, func() bool { return w.vendor.count("test.send") == 1 })
		w.clock.Add(10 * time.Minute)
		w.vendor.script("test.lookup", then(func() {
			close(resume)
			<-answered
		}, result(`{"result":"found_different","differences":[]}`)))
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
	})
}

func TestStateGoesToTheNextLookup(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		var seen []string
		leaves := func(state string, answer func(domain.Call) domain.Outcome) func(domain.Call) domain.Outcome {
			return func(c domain.Call) domain.Outcome {
				seen = append(seen, string(c.State))
				out := answer(c)
				out.State = []byte(state)
				return out
			}
		}
		w.vendor.script("test.prepare", leaves("prepared", result(`{}`)))
		w.vendor.script("test.send", leaves("ticket 7", fails(domain.ClassUnknownOutcome)))
		w.vendor.script("test.lookup", leaves("asked once", looked(domain.LookupFoundPending)), leaves("", looked(domain.LookupFoundFinal)))
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if got := strings.Join(seen, ", "); got != ", prepared, ticket 7, asked once" {
			t.Errorf("states %q", got)
		}
	})
}

func TestLateAnswerOfOneEffectLeadsToTheNext(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		w.flow.twoEffects = true
		id := w.accept()
		var second *pipeline.Run
		w.vendor.script("test.send", overtaken(w, func() { second = w.claim("node_2", id) }, result(`{}`)))
		w.walk(id)
		w.vendor.script("test.lookup", looked(domain.LookupFoundPending))
		w.pipeline.Walk(t.Context(), second)
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if sent, reported := w.vendor.count("test.send"), w.vendor.count("test.report"); sent != 1 || reported != 1 {
			t.Errorf("sent %d, reported %d times", sent, reported)
		}
	})
}
