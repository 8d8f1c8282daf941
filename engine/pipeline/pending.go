package pipeline

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
)

// waiter is the run's flow when its effects may be pending, else nil.
func (p *Pipeline) waiter(r *Run) domain.Waiter {
	w, _ := r.flow.(domain.Waiter)
	return w
}

// pending reports whether a result says that the vendor has not ended the effect.
func (p *Pipeline) pending(r *Run, result json.RawMessage) bool {
	return isPending(r.flow, r.stage, result)
}

func isPending(f domain.Flow, stage domain.Stage, result json.RawMessage) bool {
	w, ok := f.(domain.Waiter)
	return ok && result != nil && w.Pending(stage, result)
}

// unanswered says whether an attempt is closed, for what others say of it, only
// while it has no late answer. One that says that it is pending is known and no
// end: it stands in nobody's way.
func unanswered(f domain.Flow, a *attempt) bool {
	return a.Late == nil || !isPending(f, a.Stage, a.Late.Result)
}

// accepted waits for the end of an effect that the vendor has taken. The attempt
// stays open: what ends it is a look-up, made due by the vendor's own push or by
// time.
func (p *Pipeline) accepted(ctx context.Context, r *Run, out domain.Outcome) {
	r.parts = append(r.parts, attemptAccepted{r.attempt.attemptKey, p.now(), r.attempt.Late == nil})
	p.release(ctx, r, out, p.nextLookup(r), r.attempt.ID, 0)
}

// givenUp ends a message whose flow waits no longer: nothing was sent, or the
// vendor does not know it. An answer that has arrived meanwhile counts more.
func (p *Pipeline) givenUp(ctx context.Context, r *Run, out domain.Outcome) bool {
	w := p.waiter(r)
	if w == nil {
		return false
	}
	resource, over := w.GiveUp(r.resource, p.now())
	if !over {
		return false
	}
	r.resource = resource
	if r.work.OpenAttempt != "" {
		r.parts = append(r.parts, attemptEnd{attemptKey: r.attempt.attemptKey, Outcome: outcomeNotDone, At: p.now(), State: r.state, AndNoLate: unanswered(r.flow, r.attempt)})
	}
	p.complete(ctx, r, out)
	return true
}
