package pipeline_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

func TestDoubtIsLookedUpAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		w.vendor.script("test.lookup", fails(domain.ClassUnavailable), looked(domain.LookupFoundPending), looked(domain.LookupFoundFinal))
		id := w.accept()
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 3 {
			t.Errorf("sent %d, looked up %d times", sent, asked)
		}
	})
}

func TestPrematureNotFoundCountsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		id := w.accept()
		began := w.clock.Now()
		settles := began.Add(time.Minute + 90*time.Second)
		w.toEnd(id) // every look-up answers not_found
		w.wantEnd(id, domain.EndCompleted)
		got := w.attempts(id)
		if len(got) != 2 || got[0].Outcome != "not_done" || got[1].Outcome != domain.ClassResult || got[1].Number != 2 {
			t.Fatalf("attempts %+v", got)
		}
		if got[1].StartedAt.Before(settles) {
			t.Errorf("sent again at +%s, before the first attempt had settled at +%s", got[1].StartedAt.Sub(began), settles.Sub(began))
		}
		if n := w.vendor.count("test.lookup"); n < 4 {
			t.Errorf("%d look-ups: early ones are expected and two settled ones are needed", n)
		}
	})
}

func TestUnkeyedEffectIsNeverSentAgainOnADoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.effect = "unkeyed"
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "not_found_unkeyed")
	if n := w.vendor.count("test.send"); n != 1 {
		t.Fatalf("sent %d times", n)
	}
	one := pipeline.HeldFilter{Messages: []domain.MessageID{id}}
	if _, err := w.pipeline.Replay(t.Context(), env, one, true, "tester"); err != nil {
		t.Fatal(err)
	}
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.send"); n != 2 {
		t.Errorf("a person's resend sent %d times in all", n)
	}
}

func TestPersonMustWaitUntilTheAttemptHasSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	w.vendor.script("test.lookup", looked(domain.LookupCannotTell))
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "cannot_tell")
	one := pipeline.HeldFilter{Messages: []domain.MessageID{id}}
	done := pipeline.Resolution{Outcome: domain.EndCompleted, Evidence: "seen in the portal", Actor: "tester"}

	replayed, err := w.pipeline.Replay(t.Context(), env, one, true, "tester")
	must(t, err)
	if refused := replayed.Refused[id]; refused == nil || refused.Code != "settling" || refused.Extra["settlesAt"] == nil {
		t.Errorf("resend while settling: %+v", refused)
	}
	if err := w.pipeline.Resolve(t.Context(), env, id, done); !isCode(err, "settling") {
		t.Errorf("resolve while settling: %v", err)
	}
	w.clock.Add(3 * time.Minute)
	if err := w.pipeline.Resolve(t.Context(), "env_other", id, done); !isCode(err, "message_not_found") {
		t.Errorf("resolve in another environment: %v", err)
	}
	must(t, w.pipeline.Resolve(t.Context(), env, id, done))
	w.wantEnd(id, domain.EndCompleted)
	if err := w.pipeline.Resolve(t.Context(), env, id, done); !isCode(err, "not_held") {
		t.Errorf("resolve twice: %v", err)
	}
}

func TestFoundButDifferentRejectsOnlyOnceSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	for range 100 {
		w.vendor.script("test.lookup", result(`{"result":"found_different","differences":[{"field":"payable","expected":"1","found":"2"}]}`))
	}
	began := w.clock.Now()
	id := w.accept()
	w.toEnd(id)
	w.wantEnd(id, domain.EndRejected)
	if d := w.clock.Now().Sub(began); d < time.Minute+90*time.Second {
		t.Errorf("rejected after %s, before the attempt had settled", d)
	}
}

func TestLookupErrorNeverSettles(t *testing.T) {
	t.Parallel()
	for _, class := range []domain.Class{domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported, domain.ClassInternal, domain.ClassUnknownOutcome} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
			w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
			w.vendor.script("test.lookup", fails(class))
			id := w.accept()
			w.toEnd(id)
			w.wantHeld(id, "cannot_tell")
			if end := w.ending(id); end != "" {
				t.Errorf("ended as %s", end)
			}
		})
	}
}

func TestHeldMessageReentersAtItsLookup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	w.vendor.script("test.lookup", looked(domain.LookupCannotTell), looked(domain.LookupFoundFinal))
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "cannot_tell")
	_, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{Reason: "cannot_tell"}, false, "tester")
	must(t, err)
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.send"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestResendsSpendAttemptsAndThenHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	for range 20 {
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
	}
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "attempts_exhausted")
	if n := w.vendor.count("test.send"); n != 5 {
		t.Errorf("sent %d times", n)
	}
}
