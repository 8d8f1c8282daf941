package pipeline

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Recovered says what Recover did.
type Recovered struct {
	// Lookups counts the messages that now begin with a look-up.
	Lookups int
	// Held counts those that wait for a person: effects that the vendor would
	// do again, and messages whose reference could not be prepared.
	Held int
	// Left counts those that go on as they were: no effect of theirs can have
	// begun, or a definite answer is stored already.
	Left int
	// Later counts the messages that changed after the time of the restore:
	// more than none says that the time is wrong, or that a node has run since.
	Later int
}

const recoverPage = 200

// Recover makes a restored database safe to run. It knows nothing of what was
// done after restoredTo, so every unfinished message may have been sent in the
// meantime, whatever its row says: it gets an attempt that stands for all that
// was lost, in doubt until now plus settlesAfter, and so begins with a look-up.
// What a look-up must know (a reference) is prepared here, by reads; the checks
// between are left out, since a vendor may refuse what it has registered. Work
// whose effect the vendor would do again is held. Held messages stay held, and
// a replay of theirs looks up too. Nothing settled is touched: it was true.
//
// No node may run (store.ErrNodesLive), and the connectors of the messages'
// connections must be ready. Running it again, after a crash too, is safe.
func (p *Pipeline) Recover(ctx context.Context, restoredTo time.Time) (Recovered, error) {
	var out Recovered
	if restoredTo.After(p.now()) {
		return out, fmt.Errorf("recover: %s lies in the future: give the time to which the database was restored", restoredTo.Format(time.RFC3339))
	}
	if err := p.cfg.Store.Restart(ctx); err != nil {
		return out, fmt.Errorf("recover: %w", err)
	}
	for after := domain.MessageID(""); ; {
		page, err := scanMessages(p.cfg.Store.Reader().Query(ctx,
			`SELECT `+messageColumns+` FROM message WHERE status <> 'settled' AND id > $1 ORDER BY id LIMIT $2`, after, int64(recoverPage)))
		if err != nil {
			return out, fmt.Errorf("recover: list messages: %w", err)
		}
		if len(page) == 0 {
			return out, nil
		}
		if err := p.recoverPage(ctx, page, restoredTo, &out); err != nil {
			return out, fmt.Errorf("recover: %w", err)
		}
		after = page[len(page)-1].ID
	}
}

func (p *Pipeline) recoverPage(ctx context.Context, page []domain.Message, restoredTo time.Time, out *Recovered) error {
	var rows []domain.Work
	ids := make([]domain.MessageID, 0, len(page))
	for _, m := range page {
		if m.UpdatedAt.After(restoredTo) {
			out.Later++
		}
		w, _, err := p.cfg.Store.WorkOf(ctx, domain.WorkID(m.ID))
		if errors.Is(err, store.ErrNotFound) {
			continue // a message without work is settled by whoever took the row
		}
		if err != nil {
			return err
		}
		rows, ids = append(rows, w), append(ids, m.ID)
	}
	runs, err := p.Load(ctx, rows)
	if err != nil {
		return err
	}
	newest, err := readNewestAttempts(ctx, p.cfg.Store.Reader(), ids)
	if err != nil {
		return err
	}
	for _, w := range rows {
		r, ok := runs[w.ID]
		if !ok {
			out.Left++ // a flow of a newer build: that build's recover knows it
			continue
		}
		if err := p.recoverOne(ctx, r, newest, restoredTo, out); err != nil {
			return fmt.Errorf("message %s: %w", r.message.ID, err)
		}
	}
	return nil
}

func (p *Pipeline) recoverOne(ctx context.Context, r *Run, newest []*attempt, restoredTo time.Time, out *Recovered) error {
	op, failed, err := p.reach(ctx, r)
	switch {
	case err != nil:
		return err
	case failed != nil && definite(failed.Class):
		out.Left++ // the same input is refused again, and was refused then
		return nil
	case failed != nil:
		out.Held++
		return p.recoverHeld(ctx, r, nil, reasonCannotTell, failed.Error)
	case op == nil:
		out.Left++
		return nil
	}
	r.attempt = newestOf(newest, r.message.ID, r.stage)
	if r.attempt != nil && r.attempt.ID == r.work.OpenAttempt && r.attempt.Late != nil {
		out.Left++ // the answer is here; the walk takes it
		return nil
	}
	a := p.lostAttempt(r, *op, restoredTo)
	if domain.Effect(op.Effect) == domain.EffectUnkeyed {
		out.Held++
		return p.recoverHeld(ctx, r, a, reasonRestored, nil)
	}
	out.Lookups++
	return p.cfg.Applier.Apply(ctx, p.inDoubt(r, a, domain.MoveWait))
}

// definite reports whether an answer of a read says no for good.
func definite(c domain.Class) bool {
	return c == domain.ClassInvalid || c == domain.ClassRejected || c == domain.ClassUnsupported
}

func newestOf(attempts []*attempt, id domain.MessageID, stage domain.Stage) *attempt {
	for _, a := range attempts {
		if a.Message == id && a.Stage == stage {
			return a
		}
	}
	return nil
}

// reach brings the run to the first stage with an effect from where it stands
// and answers that operation, or nil when there is none. Reads before it are
// made until a look-up can be asked; failed is the answer of one that did not
// succeed.
func (p *Pipeline) reach(ctx context.Context, r *Run) (op *schemas.Operation, failed *domain.Outcome, err error) {
	for r.stage != "" {
		step, err := r.flow.Step(r.resource, r.document, r.stage)
		if err != nil {
			return nil, nil, err
		}
		found, err := p.operation(r, step.Operation)
		if err != nil {
			out := unsupported(step.Operation, err)
			return nil, &domain.Outcome{Class: domain.ClassInternal, Error: out.Error}, nil
		}
		if domain.Effect(found.Effect) != domain.EffectNone {
			return &found, nil, nil
		}
		resource, next, parts, ok := p.skip(r)
		if !ok {
			out := p.invoke(ctx, r, step, p.now().Add(time.Duration(found.Deadline)))
			if out.Class != domain.ClassResult {
				return nil, &out, nil
			}
			if resource, next, parts, err = r.flow.Result(r.resource, r.stage, out.Result, p.now()); err != nil {
				return nil, nil, err
			}
		}
		r.resource, r.stage, r.parts = resource, next, append(r.parts, parts...)
	}
	return nil, nil, nil
}

// skip leaves a read out when a look-up can be asked without its result.
func (p *Pipeline) skip(r *Run) (domain.Resource, domain.Stage, []domain.Part, bool) {
	resource, next, parts, err := r.flow.Result(r.resource, r.stage, []byte(`{}`), p.now())
	if err != nil {
		return nil, "", nil, false
	}
	_, err = r.flow.Lookup(resource, r.document, next)
	return resource, next, parts, err == nil
}

// lostAttempt stands for whatever was sent after the restore point: it may have
// begun until this moment. What the vendor had taken before, it still has.
func (p *Pipeline) lostAttempt(r *Run, op schemas.Operation, restoredTo time.Time) *attempt {
	number, reference, accepted := 1, "", time.Time{}
	if r.attempt != nil {
		number = r.attempt.Number + 1
		if r.attempt.Outcome == "" {
			accepted = r.attempt.AcceptedAt
		}
	}
	if step, err := r.flow.Step(r.resource, r.document, r.stage); err == nil {
		reference = step.Reference
	}
	now := p.now()
	return &attempt{
		attemptKey: attemptKey{ID: newAttemptID(), Message: r.message.ID, Stage: r.stage, Number: number},
		Operation:  op.Name, Effect: domain.Effect(op.Effect), ConnectorVersion: p.version(r), Reference: reference,
		InputDigest: hex.EncodeToString(r.document.Digest[:]), SentAt: restoredTo, Deadline: now,
		SettlesAt:  now.Add(max(time.Duration(op.SettlesAfter), minSettlesAfter)),
		AcceptedAt: accepted,
	}
}

// inDoubt stores the attempt as sent, in place of an older one in doubt.
func (p *Pipeline) inDoubt(r *Run, a *attempt, move domain.WorkMove) domain.Change {
	change := domain.Change{
		Work:  &domain.WorkChange{ID: r.work.ID, Epoch: r.work.Epoch, Move: move, Stage: r.stage, DueAt: p.now(), OpenAttempt: a.ID, Answered: true},
		Parts: r.parts,
	}
	if old := r.attempt; old != nil && old.Outcome == "" {
		change.Add(attemptEnd{attemptKey: old.attemptKey, Outcome: domain.ClassUnknownOutcome, At: p.now(), State: old.State})
	}
	change.Add(attemptSent{*a})
	return change
}

// recoverHeld leaves the message to a person; one that is held already keeps
// its reason.
func (p *Pipeline) recoverHeld(ctx context.Context, r *Run, a *attempt, reason heldReason, e *domain.ConnectorError) error {
	change := domain.Change{Work: &domain.WorkChange{ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveHold, Stage: r.work.Stage, OpenAttempt: r.work.OpenAttempt}}
	if a != nil {
		change = p.inDoubt(r, a, domain.MoveHold)
	}
	if r.message.Status == domain.MessageHeld {
		return p.cfg.Applier.Apply(ctx, change)
	}
	parts, err := r.flow.Hold(r.resource, r.document, string(reason), p.now())
	if err != nil {
		return err
	}
	change.Add(parts...)
	change.Add(messageHold{ID: r.message.ID, Stage: r.stage, Reason: reason, Error: errorJSON(e), Spent: r.message.Spent, At: p.now()})
	return p.cfg.Applier.Apply(ctx, change)
}
