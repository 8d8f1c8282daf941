package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
)

// overtaken runs f in the middle of a worker's call, after the worker's claim
// has lapsed, so that whatever it answers comes too late.
func overtaken(w *world, f func(), answer func(domain.Call) domain.Outcome) func(domain.Call) domain.Outcome {
	return then(func() {
		w.clock.Add(10 * time.Minute)
		f()
	}, answer)
}

func TestFencedWorkerSendsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		var second *pipeline.Run
		w.vendor.script("test.prepare", overtaken(w, func() { second = w.claim("node_2", id) }, result(`{}`)))
		w.walk(id) // the first worker, overtaken before it stores sent
		if n := w.vendor.count("test.send"); n != 0 {
			t.Fatalf("a fenced worker sent %d times", n)
		}
		if got := w.attempts(id); len(got) != 0 {
			t.Fatalf("a fenced worker wrote %+v", got)
		}
		w.pipeline.Walk(t.Context(), second)
		w.wantEnd(id, domain.EndCompleted)
		if n := w.vendor.count("test.send"); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestSentWithoutOutcomeIsLookedUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
		w.vendor.script("test.send", overtaken(w, func() {
			// The worker that finds `sent` without an outcome.
			w.pipeline.Walk(t.Context(), w.claim("node_2", id))
			w.wantEnd(id, domain.EndCompleted)
		}, fails(domain.ClassUnknownOutcome)))
		w.walk(id)
		w.wantEnd(id, domain.EndCompleted)
		if n := w.vendor.count("test.send"); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestLateAnswerOfAFencedWorkerIsTakenBeforeTheNextLookup(t *testing.T) {
	t.Parallel()
	for class, end := range map[domain.Class]domain.Ending{domain.ClassResult: domain.EndCompleted, domain.ClassRejected: domain.EndRejected} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				id := w.accept()
				answer := fails(class)
				if class == domain.ClassResult {
					answer = result(`{}`)
				}
				w.vendor.script("test.lookup", looked(domain.LookupFoundPending))
				w.vendor.script("test.send", overtaken(w, func() { w.pipeline.Walk(t.Context(), w.claim("node_2", id)) }, answer))
				w.walk(id)
				w.toEnd(id)
				w.wantEnd(id, end)
				if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 1 {
					t.Errorf("sent %d, looked up %d times", sent, asked)
				}
			})
		})
	}
}

func TestLateAnswerChangesNothingThatIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.accept()
	w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
	w.vendor.script("test.send", overtaken(w, func() { w.pipeline.Walk(t.Context(), w.claim("node_2", id)) }, fails(domain.ClassRejected)))
	w.walk(id)
	w.wantEnd(id, domain.EndCompleted)
	if got := w.attempts(id); len(got) != 1 || got[0].Outcome != domain.ClassResult {
		t.Errorf("attempts %+v", got)
	}
	if n := w.verdict("contradiction"); n != 1 {
		t.Errorf("%d alarms about a refusal of what the look-up had found", n)
	}
}

// A worker that stood still while others found that nothing had happened, and sent
// again, answers that nothing happened: that contradicts nobody.
func TestLateAnswerThatNothingHappenedAgreesWithAResend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.accept()
	w.vendor.script("test.lookup", looked(domain.LookupNotFound), looked(domain.LookupNotFound))
	first := true
	w.vendor.script("test.send", overtaken(w, func() {
		if first {
			first = false
			w.pipeline.Walk(t.Context(), w.claim("node_2", id))
			w.toEnd(id)
		}
	}, fails(domain.ClassUnavailable)))
	w.walk(id)
	w.wantEnd(id, domain.EndCompleted)
	if got := w.attempts(id); len(got) != 2 || got[0].Outcome != "not_done" {
		t.Errorf("attempts %+v", got)
	}
	if n := w.verdict("contradiction"); n != 0 {
		t.Errorf("%d alarms about answers that agree", n)
	}
}

// A resend closes the older attempt in the write of the new sent. When the
// older one's answer arrives in between, that write is void.
func TestLateAnswerStopsAResend(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		// The first worker hangs in its call while a second one looks up until
		// it would send again; the answer comes with the last look-up.
		resume := make(chan struct{})
		answered := make(chan struct{})
		w.vendor.script("test.send", then(func() { <-resume }, result(`{}`)))
		go func() {
			defer close(answered)
			w.walk(id)
		}()
		waitFor(t, func() bool { return w.vendor.count("test.send") == 1 })
		w.clock.Add(10 * time.Minute)
		w.vendor.script("test.lookup", looked(domain.LookupNotFound), then(func() {
			close(resume)
			<-answered
		}, looked(domain.LookupNotFound)))
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
		if n := w.vendor.count("test.send"); n != 1 {
			t.Fatalf("sent %d times although the first answer had come", n)
		}
	})
}

func TestThirdLostClaimHolds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		w.walk(id) // leaves an attempt in doubt
		for range 4 {
			w.clock.Add(time.Hour)
			w.claim("node_dead", id) // claims and is never heard of again
		}
		w.clock.Add(time.Hour)
		w.walk(id)
		w.wantHeld(id, "lost_claims")
	})
}

// A release in order says that the message does not kill whatever runs it: the
// claims that were lost before count no more.
func TestOrderlyReleaseIsNoLostClaim(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]func(t *testing.T, w *world, id domain.MessageID){
		"the node leaves": func(t *testing.T, w *world, id domain.MessageID) {
			w.claim("node_1", id)
			must(t, w.store.Leave(t.Context(), "node_1"))
		},
		"the row cannot be loaded": func(t *testing.T, w *world, id domain.MessageID) {
			rows, err := w.store.Claim(t.Context(), "node_1", 5*time.Minute, []domain.WorkID{domain.WorkID(id)})
			must(t, err)
			must(t, w.store.PutOff(t.Context(), rows, w.clock.Now()))
		},
		"the walk gives back": func(t *testing.T, w *world, id domain.MessageID) {
			w.vendor.script("test.lookup", w.answeredMeanwhile(id))
			w.walk(id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				id := w.accept()
				w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
				w.walk(id)
				for range 3 {
					w.clock.Add(time.Hour)
					w.claim("node_dead", id) // the first loses nothing, the others one claim each
				}
				if n := w.lostClaims(id); n != 2 {
					t.Fatalf("%d lost claims to forget", n)
				}
				must(t, w.store.Write(t.Context(), []store.Statement{{
					SQL: `UPDATE work SET owner = '', lease_until = 0 WHERE id = $1`, Args: []any{id}, Rows: 1,
				}}))
				release(t, w, id)
				if n := w.lostClaims(id); n != 0 {
					t.Errorf("%d lost claims after a release in order", n)
				}
			})
		})
	}
}

func (w *world) lostClaims(id domain.MessageID) int {
	w.t.Helper()
	row, _, err := w.store.WorkOf(w.t.Context(), domain.WorkID(id))
	must(w.t, err)
	return row.LostClaims
}

// answeredMeanwhile is a look-up that finds other content while the vendor's
// own answer is stored: the walk stores nothing and gives the message back.
func (w *world) answeredMeanwhile(id domain.MessageID) func(domain.Call) domain.Outcome {
	return then(func() {
		must(w.t, w.store.Write(w.t.Context(), []store.Statement{{
			SQL: `UPDATE attempt SET late_outcome = '{"class":"result"}', late_at = 1 WHERE message_id = $1`, Args: []any{id}, Rows: 1,
		}}))
	}, looked(domain.LookupDifferent))
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("condition never held")
		case <-tick.C:
		}
	}
}

// Whoever still holds what the row was before a person gave it back writes
// nothing: a resend has closed the attempt that he knows of.
func TestReplayFencesOffWhoeverKnewTheHeldRow(t *testing.T) {
	t.Parallel()
	for name, resend := range map[string]bool{"replay": false, "resend": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
				w.vendor.script("test.lookup", looked(domain.LookupCannotTell))
				id := w.accept()
				w.toEnd(id)
				w.wantHeld(id, "cannot_tell")
				before, _, err := w.store.WorkOf(t.Context(), domain.WorkID(id))
				must(t, err)
				w.clock.Add(time.Hour)
				out, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{Messages: []domain.MessageID{id}}, resend, "tester")
				must(t, err)
				if len(out.Replayed) != 1 {
					t.Fatalf("%+v", out)
				}
				for _, move := range []domain.WorkMove{domain.MoveKeep, domain.MoveWait, domain.MoveHold, domain.MoveDone} {
					err := w.applier.Apply(t.Context(), domain.Change{Work: &domain.WorkChange{ID: before.ID, Epoch: before.Epoch, Move: move, Stage: before.Stage}})
					if !errors.Is(err, store.ErrStale) {
						t.Errorf("%s: %v", move, err)
					}
				}
			})
		})
	}
}
