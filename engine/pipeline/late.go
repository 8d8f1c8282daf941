package pipeline

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// late keeps the definite answer of an effect whose worker was fenced off: the
// one write that needs no fence. It fills late_outcome of the very attempt
// whose call gave it, and only while nobody knows better; the present owner
// reads it before its next look-up.
func (p *Pipeline) late(ctx context.Context, r *Run) {
	if r.answer == nil || r.answer.Class == domain.ClassUnknownOutcome {
		return // answers of calls without effect, look-ups among them, are dropped
	}
	a, out := r.answered, *r.answer
	raw, err := json.Marshal(lateOutcome{Class: out.Class, Result: out.Result, Error: out.Error})
	if err != nil {
		p.cfg.Log.Error("late answer", "attempt", a.ID, "error", err)
		return
	}
	err = p.cfg.Store.Write(ctx, []store.Statement{
		{
			SQL:  `UPDATE attempt SET late_outcome = $1, late_at = $2` + whereAttempt(3) + ` AND outcome = '' AND late_outcome = ''`,
			Args: append([]any{string(raw), domain.Micros(p.now())}, a.args()...), Rows: 1,
		},
		store.WakeNow(r.work.ID, p.now()),
	})
	if err == nil {
		p.cfg.Applier.Wake(p.now())
		return
	}
	p.contradiction(ctx, a, out, err)
}

// contradiction raises an alarm when an answer that came too late does not say
// what was settled without it.
func (p *Pipeline) contradiction(ctx context.Context, a *attempt, out domain.Outcome, cause error) {
	known, err := readAttempt(ctx, p.cfg.Store.Reader(), a.attemptKey)
	if err != nil {
		p.cfg.Log.Error("late answer lost", "attempt", a.ID, "class", out.Class, "error", cause)
		return
	}
	if known.Outcome == outcomeNotDone && out.Class != domain.ClassResult {
		return // both say that nothing happened
	}
	if known.Outcome != "" && known.Outcome != out.Class {
		p.cfg.Log.Error("a late answer contradicts the outcome", "attempt", a.ID, "message", a.Message,
			"outcome", known.Outcome, "late", out.Class, "reference", a.Reference)
		p.cfg.Observe(Observation{Message: a.Message, Stage: a.Stage, Operation: a.Operation, Class: out.Class, Verdict: "contradiction"})
	}
}
