package pipeline

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
)

// refused follows an outcome that is no result: the class alone decides.
func (p *Pipeline) refused(ctx context.Context, r *Run, a *attempt, out domain.Outcome) {
	if guilty(r, out) {
		p.hold(ctx, r, reasonCrashed, out.Error)
		return
	}
	switch out.Class {
	case domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported:
		p.settle(ctx, r, out)
	case domain.ClassUnauthorized, domain.ClassMisconfigured:
		p.pause(ctx, r, out)
	case domain.ClassRateLimited, domain.ClassUnavailable:
		p.wait(ctx, r, a, out)
	case domain.ClassUnknownOutcome:
		if a == nil {
			// Of a call without effect there is nothing to look up: repeat it.
			p.wait(ctx, r, nil, out)
			return
		}
		p.doubt(ctx, r, out)
	default: // internal: the attempt is spent
		p.spend(ctx, r, a, out)
	}
}

// complete settles a message whose flow is done.
func (p *Pipeline) complete(ctx context.Context, r *Run, out domain.Outcome) {
	p.end(ctx, r, domain.EndCompleted, nil, out)
}

// settle ends a message that the vendor or its own content refused.
func (p *Pipeline) settle(ctx context.Context, r *Run, out domain.Outcome) {
	end := domain.EndRejected
	if out.Class == domain.ClassUnsupported {
		end = domain.EndFailed
	}
	if r.attempt != nil && r.work.OpenAttempt == r.attempt.ID {
		r.parts = append(r.parts, attemptEnd{
			attemptKey: r.attempt.attemptKey, Outcome: out.Class, Error: errorJSON(out.Error), At: p.now(), State: r.state, AndNoLate: r.lookedUp && unanswered(r.flow, r.attempt), Version: out.ConnectorVersion,
		})
	} else {
		r.parts = append(r.parts, readFailed(r, out, p.now())...)
	}
	p.end(ctx, r, end, reasonsOf(out.Error), out)
}

func (p *Pipeline) end(ctx context.Context, r *Run, end domain.Ending, reasons []domain.FieldError, out domain.Outcome) {
	parts, err := r.flow.Settle(r.resource, r.document, end, reasons, p.now())
	if err != nil {
		p.hold(ctx, r, reasonInternal, internalError(err))
		return
	}
	change := domain.Change{
		Work:  &domain.WorkChange{ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveDone},
		Parts: append(append(r.parts, parts...), domain.MessageEnd{ID: r.message.ID, Outcome: end, At: p.now()}),
	}
	if p.store(ctx, r, change) {
		failpoint.Hit(failpoint.Settled)
		p.observe(r, out, string(end))
	}
}

// wait releases the message until the vendor can be asked again. No attempt is
// spent; what waits too long is held.
func (p *Pipeline) wait(ctx context.Context, r *Run, a *attempt, out domain.Outcome) {
	if p.expired(r) {
		p.endAttempt(r, a, out)
		p.hold(ctx, r, reasonTooLong, out.Error)
		return
	}
	p.endAttempt(r, a, out)
	p.release(ctx, r, out, askedFor(p.now(), p.now().Add(backoff(r.message.Waits)), out), "", 0)
}

// doubt leaves the attempt open: the next walk begins with a look-up.
func (p *Pipeline) doubt(ctx context.Context, r *Run, out domain.Outcome) {
	p.release(ctx, r, out, p.nextLookup(r), r.attempt.ID, 0)
}

// spend counts an attempt that the connector failed before a request began.
func (p *Pipeline) spend(ctx context.Context, r *Run, a *attempt, out domain.Outcome) {
	p.endAttempt(r, a, out)
	if r.message.Spent+1 >= p.cfg.MaxAttempts {
		r.message.Spent++
		p.hold(ctx, r, reasonExhausted, out.Error)
		return
	}
	p.release(ctx, r, out, p.now().Add(backoff(r.message.Spent)), "", 1)
}

// pause closes the connection's gate; its messages wait behind it. A message
// that is refused for too long although the connection's Check passes is held.
func (p *Pipeline) pause(ctx context.Context, r *Run, out domain.Outcome) {
	if err := p.cfg.Connections.Pause(ctx, r.message.Connection, out.Error); err != nil {
		p.cfg.Log.Error("pause connection", "connection", r.message.Connection, "error", err)
	}
	a := r.attempt
	if r.work.OpenAttempt == "" {
		a = nil
	}
	p.endAttempt(r, a, out)
	if p.expired(r) {
		p.hold(ctx, r, reasonTooLong, out.Error)
		return
	}
	p.release(ctx, r, out, p.now(), "", 0)
}

// release gives the row back until due.
func (p *Pipeline) release(ctx context.Context, r *Run, out domain.Outcome, due time.Time, open domain.AttemptID, spent int) {
	stage := r.saved
	change := domain.Change{
		Work: &domain.WorkChange{
			ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveWait, Stage: stage, DueAt: due,
			OpenAttempt: open, Answered: true, Suspect: suspicion(r, out),
		},
		Parts: []domain.Part{messageWait{ID: r.message.ID, Stage: r.stage, Class: out.Class, Error: errorJSON(out.Error), Spent: spent, At: p.now()}},
	}
	if open != "" && out.State != nil {
		change.Add(attemptState{r.attempt.attemptKey, out.State})
	}
	change.Add(onlyAttempts(r.parts)...)
	if p.store(ctx, r, change) {
		p.observe(r, out, "wait")
	}
}

// endAttempt closes an attempt with a definite outcome, or records a failed
// call of a stage without effect.
func (p *Pipeline) endAttempt(r *Run, a *attempt, out domain.Outcome) {
	if a != nil {
		r.parts = append(r.parts, attemptEnd{attemptKey: a.attemptKey, Outcome: out.Class, Error: errorJSON(out.Error), At: p.now(), State: r.state, Version: out.ConnectorVersion})
		return
	}
	if r.message.Waits < maxRecordedWaits {
		r.parts = append(r.parts, readFailed(r, out, p.now())...)
	}
}

// maxRecordedWaits bounds how many failed calls without effect one message
// records: in a long outage a full backlog would write millions that all say
// the same. The message itself keeps the last one.
const maxRecordedWaits = 20

// hold gives the message to a person. An open attempt stays open: a replay
// enters at the look-up.
func (p *Pipeline) hold(ctx context.Context, r *Run, reason heldReason, e *domain.ConnectorError) {
	parts, err := r.flow.Hold(r.resource, r.document, string(reason), p.now())
	if err != nil {
		p.cfg.Log.Error("hold", "message", r.message.ID, "error", err)
	}
	ended := onlyAttempts(r.parts)
	open := r.work.OpenAttempt
	for _, part := range ended {
		if end, ok := part.(attemptEnd); ok && end.ID == open {
			open = ""
		}
	}
	change := domain.Change{
		Work:  &domain.WorkChange{ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveHold, Stage: r.saved, OpenAttempt: open},
		Parts: append(append(ended, parts...), messageHold{ID: r.message.ID, Stage: r.stage, Reason: reason, Error: errorJSON(e), Spent: r.message.Spent, At: p.now()}),
	}
	if p.store(ctx, r, change) {
		p.observe(r, domain.Outcome{Class: domain.ClassUnknownOutcome, Error: e}, "hold")
	}
}

// expired reports whether the message has failed for longer than holdAfter.
func (p *Pipeline) expired(r *Run) bool {
	return !r.message.FirstFailedAt.IsZero() && p.now().Sub(r.message.FirstFailedAt) >= p.cfg.HoldAfter
}
