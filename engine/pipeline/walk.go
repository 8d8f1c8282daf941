package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/schemas"
)

// maxLostClaims is how many lost claims hold a message: whatever runs it dies.
const maxLostClaims = 3

// Walk takes a claimed message through its stages until it settles, waits or
// is held. Stages without effect share a transaction with the next `sent`.
func (p *Pipeline) Walk(ctx context.Context, r *Run) {
	if r.work.LostClaims >= maxLostClaims {
		p.hold(ctx, r, reasonLostClaims, nil)
		return
	}
	leave, ok := p.lanes.enter(r.work.Stream, r.work.Suspect)
	if !ok {
		p.putOff(ctx, r)
		return
	}
	defer leave()
	if !p.inTime(ctx, r) {
		return
	}
	if r.work.OpenAttempt == "" && p.givenUp(ctx, r, domain.Outcome{}) {
		return
	}
	if r.work.OpenAttempt != "" && !p.resume(ctx, r) {
		return
	}
	for p.step(ctx, r) {
	}
}

// step makes the call of the present stage and reports whether the walk goes on.
func (p *Pipeline) step(ctx context.Context, r *Run) (more bool) {
	step, err := r.flow.Step(r.resource, r.document, r.stage)
	if err != nil {
		p.hold(ctx, r, reasonInternal, internalError(err))
		return false
	}
	op, err := p.operation(r, step.Operation)
	if err != nil {
		p.settle(ctx, r, unsupported(step.Operation, err))
		return false
	}
	if domain.Effect(op.Effect) == domain.EffectNone {
		return p.read(ctx, r, step, op)
	}
	return p.act(ctx, r, step, op)
}

// read runs a stage without effect: nothing is stored before it, and its
// result is stored with the next write.
func (p *Pipeline) read(ctx context.Context, r *Run, step domain.Step, op schemas.Operation) (more bool) {
	deadline := p.now().Add(time.Duration(op.Deadline))
	out := p.invoke(ctx, r, step, deadline)
	r.state = keepState(r.state, out.State)
	if out.Class != domain.ClassResult {
		p.refused(ctx, r, nil, out)
		return false
	}
	return p.advance(ctx, r, nil, out)
}

// act runs a stage with an effect: `sent` is stored first, and whoever finds
// it without an outcome looks up.
func (p *Pipeline) act(ctx context.Context, r *Run, step domain.Step, op schemas.Operation) (more bool) {
	a := newAttempt(r, step, op, p.now())
	a.ConnectorVersion = p.version(r)
	sent := domain.WorkChange{
		ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveKeep, Stage: r.stage,
		LeaseUntil: a.Deadline.Add(p.cfg.LeaseMargin), OpenAttempt: a.ID,
	}
	change := domain.Change{Work: &sent, Parts: append(r.parts, attemptSent{*a})}
	if r.attempt != nil && r.attempt.Outcome == "" {
		// A resend closes the attempt that came to nothing, in this very write.
		change.Add(attemptEnd{attemptKey: r.attempt.attemptKey, Outcome: outcomeNotDone, At: p.now(), State: r.attempt.State, AndNoLate: true})
	}
	if !p.applySent(ctx, r, change) {
		return false
	}
	failpoint.Hit(failpoint.SentStored)
	r.parts, r.saved, r.attempt, r.work.OpenAttempt = nil, r.stage, a, a.ID
	r.work.LeaseUntil = sent.LeaseUntil
	out := p.invoke(ctx, r, step, a.Deadline)
	r.state, r.answer, r.answered = keepState(r.state, out.State), &out, a
	return p.effectOutcome(ctx, r, out)
}

// effectOutcome follows the answer to an effect, whenever it came.
func (p *Pipeline) effectOutcome(ctx context.Context, r *Run, out domain.Outcome) (more bool) {
	if out.Class != domain.ClassResult {
		p.refused(ctx, r, r.attempt, out)
		return false
	}
	if p.pending(r, out.Result) {
		p.accepted(ctx, r, out)
		return false
	}
	return p.advance(ctx, r, r.attempt, out)
}

// advance takes a result: on to the next stage, or settled.
func (p *Pipeline) advance(ctx context.Context, r *Run, a *attempt, out domain.Outcome) (more bool) {
	resource, next, parts, err := r.flow.Result(r.resource, r.stage, out.Result, p.now())
	if err != nil {
		p.hold(ctx, r, reasonInternal, internalError(err))
		return false
	}
	r.resource = resource
	r.parts = append(r.parts, parts...)
	if a != nil {
		r.parts = append(r.parts, attemptEnd{
			attemptKey: a.attemptKey, Outcome: domain.ClassResult, At: p.now(), State: r.state, AndNoLate: r.lookedUp, Version: out.ConnectorVersion,
		})
	}
	if next == "" {
		p.complete(ctx, r, out)
		return false
	}
	p.observe(r, out, "next")
	r.stage, r.attempt = next, nil
	if a != nil {
		return p.keep(ctx, r)
	}
	return true
}

// keep stores the outcome of an effect before the next stage begins.
func (p *Pipeline) keep(ctx context.Context, r *Run) bool {
	w := domain.WorkChange{ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveKeep, Stage: r.stage, LeaseUntil: p.now().Add(p.Lease(r.connection))}
	if !p.store(ctx, r, domain.Change{Work: &w, Parts: r.parts}) {
		return false
	}
	r.parts, r.saved, r.work.OpenAttempt, r.work.LeaseUntil, r.answer = nil, r.stage, "", w.LeaseUntil, nil
	return true
}

func (p *Pipeline) invoke(ctx context.Context, r *Run, step domain.Step, deadline time.Time) domain.Outcome {
	return p.cfg.Connectors.Invoke(ctx, domain.Call{
		Connection:  r.connection,
		Operation:   step.Operation,
		Key:         string(r.message.ID) + ":" + string(r.stage),
		Document:    r.document,
		Parameters:  step.Parameters,
		State:       r.state,
		Deadline:    deadline,
		Message:     r.message.ID,
		Traceparent: r.message.Traceparent,
	})
}

func (p *Pipeline) operation(r *Run, name string) (schemas.Operation, error) {
	m, ok := p.cfg.Connectors.Manifest(r.connection.Connector, r.connection.Environment)
	if !ok {
		return schemas.Operation{}, fmt.Errorf("connector %q is not installed", r.connection.Connector)
	}
	op, ok := m.Operation(name)
	if !ok {
		return schemas.Operation{}, fmt.Errorf("connector %s %s does not offer %s", m.Name, m.Version, name)
	}
	return op, nil
}

func (p *Pipeline) version(r *Run) string {
	if m, ok := p.cfg.Connectors.Manifest(r.connection.Connector, r.connection.Environment); ok {
		return m.Version
	}
	return ""
}

func (p *Pipeline) observe(r *Run, out domain.Outcome, verdict string) {
	p.cfg.Observe(Observation{
		Message: r.message.ID, Resource: r.message.Resource, Connector: r.connection.Connector, Stage: r.stage,
		Class: out.Class, Took: out.Ended.Sub(out.Began), Verdict: verdict,
	})
}

func keepState(old, given []byte) []byte {
	if given == nil {
		return old
	}
	return given
}
