package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Refusals of what a person may do with a message.
var (
	ErrNotHeld = &domain.Error{
		Kind: domain.KindConflict, Code: "not_held",
		Detail: "This message is not held: it runs, waits or has settled. Only held messages are replayed or resolved.",
	}
	ErrSettling = &domain.Error{
		Kind: domain.KindConflict, Code: "settling",
		Detail: "A request of this message may still be on its way. Try again after the time given.",
	}
	ErrAnswered = &domain.Error{
		Kind: domain.KindConflict, Code: "answered",
		Detail: "The request of this message has been answered since it was held. Replay it without resend: the answer is taken then.",
	}
	ErrMessageNotFound = &domain.Error{
		Kind: domain.KindNotFound, Code: "message_not_found",
		Detail: "There is no such message in this environment.",
	}
)

func settling(until time.Time) *domain.Error {
	e := *ErrSettling
	e.Extra = map[string]any{"settlesAt": until.UTC().Format(domain.WireTime)}
	return &e
}

// Resolution is how a person closes a held message.
type Resolution struct {
	Outcome  domain.Ending // completed, rejected or failed
	Evidence string
	Actor    string
}

// Resolve settles a held message by hand, with evidence, audited.
func (p *Pipeline) Resolve(ctx context.Context, env domain.EnvironmentID, id domain.MessageID, r Resolution) error {
	run, err := p.heldRun(ctx, env, id)
	if err != nil {
		return err
	}
	now := p.now()
	if a := run.attempt; a != nil && now.Before(a.SettlesAt) {
		return settling(a.SettlesAt)
	}
	parts, err := run.flow.Settle(run.resource, run.document, r.Outcome, resolved(r), now)
	if err != nil {
		return err
	}
	change := domain.Change{Parts: []domain.Part{domain.WorkClose{ID: run.work.ID, OpenAttempt: run.work.OpenAttempt, Refused: ErrNotHeld}}}
	if run.attempt != nil {
		change.Add(attemptEnd{attemptKey: run.attempt.attemptKey, Outcome: classOf(r.Outcome), Error: evidence(r), At: now, State: run.state, AndNoLate: unanswered(run.flow, run.attempt)})
	}
	change.Add(parts...)
	change.Add(
		domain.MessageEnd{ID: id, Outcome: r.Outcome, At: now},
		domain.AuditEntry{Environment: env, Actor: r.Actor, Action: "message.resolve." + string(r.Outcome), Subject: string(id), Detail: r.Evidence, At: now},
	)
	return refusal(p.cfg.Applier.Apply(ctx, change))
}

// heldRun loads a held message with its open attempt.
func (p *Pipeline) heldRun(ctx context.Context, env domain.EnvironmentID, id domain.MessageID) (*Run, error) {
	messages, err := readMessages(ctx, p.cfg.Store.Reader(), []domain.MessageID{id})
	if err != nil {
		return nil, fmt.Errorf("read message %s: %w", id, err)
	}
	if len(messages) == 0 || messages[0].Environment != env {
		return nil, ErrMessageNotFound
	}
	if messages[0].Status != domain.MessageHeld {
		return nil, ErrNotHeld
	}
	w, held, err := p.cfg.Store.WorkOf(ctx, domain.WorkID(id))
	if err != nil {
		return nil, notHeldWhenGone(err)
	}
	if !held {
		return nil, ErrNotHeld
	}
	runs, err := p.load(ctx, newRuns([]domain.Work{w}), []domain.MessageID{id})
	if err != nil {
		return nil, err
	}
	run, ok := runs[w.ID]
	if !ok {
		return nil, ErrNotHeld
	}
	if w.OpenAttempt == "" {
		run.attempt = nil
	}
	return run, nil
}

// resolved is what the integrator is told of a message that a person closed.
func resolved(r Resolution) []domain.FieldError {
	if r.Outcome == domain.EndCompleted {
		return nil
	}
	return []domain.FieldError{{Code: domain.CodeByHand, Detail: r.Evidence}}
}

func classOf(end domain.Ending) domain.Class {
	switch end {
	case domain.EndCompleted:
		return domain.ClassResult
	case domain.EndRejected:
		return domain.ClassRejected
	default:
		return outcomeNotDone
	}
}

func evidence(r Resolution) json.RawMessage {
	return errorJSON(&domain.ConnectorError{Class: classOf(r.Outcome), Code: domain.CodeByHand, Message: r.Evidence})
}

// refusal says why a message could not be taken from the held ones.
func refusal(err error) error {
	switch {
	case errors.Is(err, errAnswered):
		return ErrAnswered
	case errors.Is(err, store.ErrStale):
		return ErrNotHeld
	}
	return err
}

func asError(err error, target **domain.Error) bool { return errors.As(err, target) }
