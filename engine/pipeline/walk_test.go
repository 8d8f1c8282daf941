package pipeline_test

import (
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

func TestMessageWalksItsStagesInOneClaim(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		if !w.walk(id) {
			t.Fatal("not claimed")
		}
		w.wantEnd(id, domain.EndCompleted)
		if got := w.attempts(id); len(got) != 1 || got[0].Stage != "send" || got[0].Outcome != domain.ClassResult {
			t.Errorf("attempts %+v", got)
		}
		if w.walk(id) {
			t.Error("a settled message was claimed")
		}
	})
}

func TestClassAloneDecidesTheEnding(t *testing.T) {
	t.Parallel()
	for class, end := range map[domain.Class]domain.Ending{
		domain.ClassInvalid: domain.EndRejected, domain.ClassRejected: domain.EndRejected, domain.ClassUnsupported: domain.EndFailed,
	} {
		for _, operation := range []string{"test.prepare", "test.send"} {
			t.Run(string(class)+" "+operation, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
				w.vendor.script(operation, fails(class))
				id := w.accept()
				w.toEnd(id)
				w.wantEnd(id, end)
				if got := w.attempts(id); len(got) != 1 || got[0].Outcome != class {
					t.Errorf("attempts %+v", got)
				}
			})
		}
	}
}

func TestRefusedConnectionPausesAndSpendsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		w.vendor.script("test.send", fails(domain.ClassUnauthorized))
		id := w.accept()
		w.walk(id)
		if len(w.paused) != 1 {
			t.Fatalf("paused %v", w.paused)
		}
		w.clock.Add(time.Hour)
		if w.walk(id) {
			t.Fatal("claimed behind a closed gate")
		}
		must(t, w.store.OpenGate(t.Context(), "con_1"))
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
	})
}

func TestOutageOfSixHoursHoldsNothingAndOneOfThreeDaysHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	began := w.clock.Now()
	w.vendor.script("test.prepare", down(w, began.Add(6*time.Hour), result(`{}`))...)
	id := w.accept()
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := len(w.attempts(id)); n > 30 {
		t.Errorf("an outage left %d records of one message", n)
	}
	if took := w.clock.Now().Sub(began); took < 6*time.Hour || took > 6*time.Hour+10*time.Minute {
		t.Errorf("settled %s after the outage began", took)
	}

	w.vendor.forget()
	second := w.accept()
	w.vendor.script("test.prepare", down(w, w.clock.Now().Add(80*time.Hour), result(`{}`))...)
	for w.held(second) == nil {
		w.clock.Add(time.Hour)
		if !w.walk(second) {
			t.Fatal("not due an hour later")
		}
	}
	w.wantHeld(second, "failing_too_long")
}

// An effect in doubt is no reason to hold either: while the vendor is away
// nothing can be said of it, and once it is back a look-up clears it.
func TestDoubtInAnOutageOfSixHoursIsHeldByNobody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		began := w.clock.Now()
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		w.vendor.script("test.lookup", down(w, began.Add(6*time.Hour), looked(domain.LookupFoundFinal))...)
		id := w.accept()
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if took := w.clock.Now().Sub(began); took < 6*time.Hour || took > 6*time.Hour+10*time.Minute {
			t.Errorf("settled %s after the outage began", took)
		}
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked < 60 {
			t.Errorf("sent %d, looked up %d times", sent, asked)
		}
		if got := w.attempts(id); len(got) != 1 || got[0].Outcome != domain.ClassResult {
			t.Errorf("attempts %+v", got)
		}
	})
}

// down fails every call until a time, and then answers; a script is consumed
// call by call, so it is long enough for one that is tried each five minutes.
func down(w *world, until time.Time, answer func(domain.Call) domain.Outcome) []func(domain.Call) domain.Outcome {
	out := make([]func(domain.Call) domain.Outcome, 200)
	for i := range out {
		out[i] = func(c domain.Call) domain.Outcome {
			if w.clock.Now().Before(until) {
				return fails(domain.ClassUnavailable)(c)
			}
			return answer(c)
		}
	}
	return out
}

func TestRateLimitWaitsUntilTheTimeGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.script("test.send", func(domain.Call) domain.Outcome {
		out := fails(domain.ClassRateLimited)(domain.Call{})
		out.Error.RetryAfter = 7 * time.Minute
		return out
	})
	id := w.accept()
	w.walk(id)
	w.clock.Add(7*time.Minute - time.Second)
	if w.walk(id) {
		t.Fatal("claimed before the time given")
	}
	w.clock.Add(time.Second + 10*time.Second) // the time given, and what spreads those who were told the same
	w.walk(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.send"); n != 2 {
		t.Errorf("sent %d times", n)
	}
}

func TestInternalFaultsSpendAttemptsAndThenHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	for range 5 {
		w.vendor.script("test.prepare", fails(domain.ClassInternal))
	}
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "attempts_exhausted")
	if n := w.vendor.count("test.prepare"); n != 5 {
		t.Errorf("%d attempts", n)
	}
	_, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{Messages: []domain.MessageID{id}}, false, "tester")
	must(t, err)
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
}

func TestOneClaimOfManyWins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		won := make(chan struct{}, 32)
		var group sync.WaitGroup
		for range 32 {
			group.Go(func() {
				rows, err := w.store.Claim(t.Context(), "node_x", time.Minute, []domain.WorkID{domain.WorkID(id)})
				if err != nil {
					t.Error(err)
				}
				if len(rows) > 0 {
					won <- struct{}{}
				}
			})
		}
		group.Wait()
		if n := len(won); n != 1 {
			t.Fatalf("%d claims won", n)
		}
	})
}

// A crash holds a message when it was in flight at one before and is alone now,
// or when it is the fifth: since the third it was the only message.
func TestCrashMakesASuspectAndHoldsOnlyWhatCrashesAlone(t *testing.T) {
	t.Parallel()
	among, alone := crashes(domain.ClassUnavailable), crashesAlone(domain.ClassUnavailable)
	for name, c := range map[string]struct {
		deaths []func(domain.Call) domain.Outcome
		held   bool
	}{
		"once among others":        {deaths: list(among)},
		"once alone":               {deaths: list(alone)},
		"often among others":       {deaths: list(among, among, among, among)},
		"among others, then alone": {deaths: list(among, alone), held: true},
		"twice alone":              {deaths: list(alone, alone), held: true},
		"too often among others":   {deaths: list(among, among, among, among, among), held: true},
		"an answer in between":     {deaths: list(among, fails(domain.ClassUnavailable), alone)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
			w.vendor.script("test.prepare", c.deaths...)
			id := w.accept()
			w.toEnd(id)
			if c.held {
				w.wantHeld(id, "connector_crashed")
			} else {
				w.wantEnd(id, domain.EndCompleted)
			}
			if left := len(w.vendor.scripts["test.prepare"]); left > 0 {
				t.Errorf("%d deaths have not happened", left)
			}
		})
	}
}

func list(answers ...func(domain.Call) domain.Outcome) []func(domain.Call) domain.Outcome {
	return answers
}
