package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// settledNotFounds is how many look-ups must find nothing, each begun after
// the attempt has settled, before it counts as not done.
const settledNotFounds = 2

// lookupResult is the output of every look-up operation.
type lookupResult struct {
	Result      domain.Lookup `json:"result"`
	Differences []struct {
		Field    string `json:"field"`
		Expected string `json:"expected"`
		Found    string `json:"found"`
	} `json:"differences"`
}

// resume finds out what became of an attempt in doubt: from its late answer,
// else by a look-up. It never invokes the effect. It reports whether the walk
// goes on from the present stage.
func (p *Pipeline) resume(ctx context.Context, r *Run) (more bool) {
	if r.attempt == nil || r.attempt.ID != r.work.OpenAttempt {
		p.hold(ctx, r, reasonInternal, &domain.ConnectorError{Class: domain.ClassInternal, Code: "attempt_missing", Message: "the open attempt of this message is not stored"})
		return false
	}
	if late := r.attempt.Late; late != nil && !p.pending(r, late.Result) {
		return p.effectOutcome(ctx, r, late.outcome(r.attempt.LateAt))
	}
	op, err := p.operation(r, r.attempt.Operation)
	if err != nil {
		p.hold(ctx, r, reasonCannotTell, internalError(err))
		return false
	}
	return p.lookup(ctx, r, op.Lookup)
}

func (p *Pipeline) lookup(ctx context.Context, r *Run, operation string) (more bool) {
	step, err := r.flow.Lookup(r.resource, r.document, r.stage)
	if err != nil || operation == "" {
		p.hold(ctx, r, reasonCannotTell, internalError(err))
		return false
	}
	step.Operation = operation
	op, err := p.operation(r, operation)
	if err != nil {
		p.hold(ctx, r, reasonCannotTell, internalError(err))
		return false
	}
	began := p.now()
	out := p.invoke(ctx, r, step, began.Add(time.Duration(op.Deadline)))
	if out.Class != domain.ClassResult {
		p.lookupFailed(ctx, r, out)
		return false
	}
	var result lookupResult
	if err := json.Unmarshal(out.Result, &result); err != nil {
		p.hold(ctx, r, reasonCannotTell, internalError(err))
		return false
	}
	return p.looked(ctx, r, result, out, !began.Before(r.attempt.SettlesAt))
}

// looked follows an answer of a look-up. settled says that it began after
// every request of the attempt must have arrived; before that, only
// found_final counts.
func (p *Pipeline) looked(ctx context.Context, r *Run, result lookupResult, out domain.Outcome, settled bool) (more bool) {
	out.ConnectorVersion = "" // the attempt was another call, perhaps of another version
	switch result.Result {
	case domain.LookupFoundFinal:
		return p.advance(ctx, r, r.attempt, out)
	case domain.LookupDifferent:
		if settled {
			r.lookedUp = true
			p.settle(ctx, r, taken(result, out))
			return false
		}
	case domain.LookupNotFound:
		if settled {
			return p.notFound(ctx, r, out)
		}
	case domain.LookupFoundPending:
		if r.attempt.AcceptedAt.IsZero() && p.waiter(r) != nil {
			p.accepted(ctx, r, out)
			return false
		}
	default:
		p.hold(ctx, r, reasonCannotTell, out.Error)
		return false
	}
	p.again(ctx, r, out)
	return false
}

// notFound counts a settled not_found. Twice means not done: a keyed effect is
// sent again with the same key, an unkeyed one is a person's decision. What the
// vendor had taken before is asked for until the flow gives it up: a vendor that
// forgets what it has might do it twice.
func (p *Pipeline) notFound(ctx context.Context, r *Run, out domain.Outcome) (more bool) {
	r.parts = append(r.parts, attemptNotFound{r.attempt.attemptKey})
	if r.attempt.NotFounds+1 < settledNotFounds {
		p.again(ctx, r, out)
		return false
	}
	if p.givenUp(ctx, r, out) {
		return false
	}
	if !r.attempt.AcceptedAt.IsZero() || r.attempt.Late != nil {
		p.again(ctx, r, out)
		return false
	}
	if r.attempt.Effect != domain.EffectKeyed {
		p.hold(ctx, r, reasonNotFound, nil)
		return false
	}
	if r.message.Spent+1 >= p.cfg.MaxAttempts {
		r.message.Spent++
		p.hold(ctx, r, reasonExhausted, nil)
		return false
	}
	r.message.Spent++
	r.parts = append(r.parts, messageWait{ID: r.message.ID, Stage: r.stage, Class: domain.ClassUnknownOutcome, Spent: 1, At: p.now()})
	return true // act closes this attempt as not_done in the write of the new `sent`
}

// lookupFailed follows an error of a look-up, which never settles anything.
func (p *Pipeline) lookupFailed(ctx context.Context, r *Run, out domain.Outcome) {
	if guilty(r, out) {
		p.hold(ctx, r, reasonCrashed, out.Error)
		return
	}
	switch out.Class {
	case domain.ClassUnavailable, domain.ClassRateLimited:
		p.again(ctx, r, out)
	case domain.ClassUnauthorized, domain.ClassMisconfigured:
		if err := p.cfg.Connections.Pause(ctx, r.message.Connection, out.Error); err != nil {
			p.cfg.Log.Error("pause connection", "connection", r.message.Connection, "error", err)
		}
		if p.expired(r) {
			p.hold(ctx, r, reasonTooLong, out.Error)
			return
		}
		p.release(ctx, r, out, p.now(), r.attempt.ID, 0)
	default:
		p.hold(ctx, r, reasonCannotTell, out.Error)
	}
}

// again waits for the next look-up.
func (p *Pipeline) again(ctx context.Context, r *Run, out domain.Outcome) {
	if p.expired(r) {
		p.hold(ctx, r, reasonTooLong, out.Error)
		return
	}
	p.release(ctx, r, out, askedFor(p.now(), p.nextLookup(r), out), r.attempt.ID, 0)
}

// nextLookup is soon at first, for most doubts are cleared by the first
// look-up, and never skips the moment at which the attempt has settled.
func (p *Pipeline) nextLookup(r *Run) time.Time {
	now := p.now()
	due := now.Add(backoff(r.message.Waits))
	if w := p.waiter(r); w != nil {
		due = w.Next(r.resource, r.message.Waits, now)
	}
	settled := r.attempt.SettlesAt.Add(time.Second)
	if now.Before(settled) && due.After(settled) {
		return settled
	}
	return due
}

// taken is the outcome of an effect whose reference another document used. The
// first reason names that, for flows that tell it from other refusals.
func taken(result lookupResult, out domain.Outcome) domain.Outcome {
	e := &domain.ConnectorError{
		Class: domain.ClassRejected, Code: domain.CodeReferenceTaken,
		Message: "the vendor already knows this reference, with other content",
	}
	e.Fields = []domain.FieldError{{Code: e.Code, Detail: e.Message}}
	for _, d := range result.Differences {
		e.Fields = append(e.Fields, domain.FieldError{
			Pointer: "/" + d.Field, Code: "differs", Detail: "sent " + d.Expected + ", the vendor has " + d.Found,
			Fix: "Cancel this one and submit it anew under another number.",
		})
	}
	out.Class, out.Error = domain.ClassRejected, e
	return out
}
