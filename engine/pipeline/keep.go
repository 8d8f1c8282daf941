package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// errAnswered: an attempt that was to be closed for what others say of it has
// got its own answer meanwhile.
var errAnswered = errors.New("pipeline: the attempt was answered meanwhile")

// store stores what the walk came to. A worker that was fenced off writes
// nothing, but the definite answer of an effect is kept as late evidence. What
// the database refuses for good is a person's business: tried again, it would
// be refused again.
func (p *Pipeline) store(ctx context.Context, r *Run, change domain.Change) bool {
	err := p.persist(ctx, r, change)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errAnswered):
		p.giveBack(ctx, r)
	case errors.Is(err, store.ErrStale):
		p.late(ctx, r)
	default:
		p.cfg.Log.Error("store what the walk came to", "message", r.message.ID, "error", err)
		p.late(context.WithoutCancel(ctx), r)
		if ctx.Err() == nil && !away(err) && !r.stuck {
			r.stuck, r.parts = true, nil
			p.hold(ctx, r, reasonInternal, internalError(err))
		}
	}
	return false
}

// applySent stores `sent`. Whatever goes wrong here, no call is made: a commit
// of unknown outcome is found by the next claim.
func (p *Pipeline) applySent(ctx context.Context, r *Run, change domain.Change) bool {
	err := p.cfg.Applier.Apply(ctx, change)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errAnswered), errors.Is(err, store.ErrUnavailable):
		p.giveBack(ctx, r)
	case errors.Is(err, store.ErrStale):
		p.cfg.Log.Info("fenced off before sending", "message", r.message.ID, "epoch", r.work.Epoch)
	case errors.Is(err, store.ErrConflict):
		p.hold(ctx, r, reasonConflict, internalError(err))
	case errors.Is(err, store.ErrUnknown), ctx.Err() != nil:
		p.cfg.Log.Warn("store sent", "message", r.message.ID, "error", err)
	default:
		p.hold(ctx, r, reasonInternal, internalError(err))
	}
	return false
}

// giveBack releases a row as it was claimed, to be walked again soon: nothing
// of what the walk came to is stored, and nothing was sent.
func (p *Pipeline) giveBack(ctx context.Context, r *Run) {
	due := p.now().Add(backoff(min(r.message.Waits, 1)))
	if err := p.persist(ctx, r, domain.Change{Work: r.unchanged(due)}); err != nil && !errors.Is(err, store.ErrStale) {
		p.cfg.Log.Warn("give back", "message", r.message.ID, "error", err)
	}
}

// unchanged puts the row off in order and leaves what is known of it as it was
// claimed.
func (r *Run) unchanged(due time.Time) *domain.WorkChange {
	return &domain.WorkChange{
		ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveWait, Stage: r.saved, DueAt: due,
		OpenAttempt: r.work.OpenAttempt, Answered: true, Suspect: r.work.Suspect,
	}
}

// persist stores a change, trying again while the store is away until the
// lease ends. A commit of unknown outcome may be tried again too, for no fence
// is true twice: when the first one has happened, a rerun is ErrStale. Only of a
// claim that is kept it must be read whether it has.
func (p *Pipeline) persist(ctx context.Context, r *Run, change domain.Change) error {
	unknown := false
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := p.cfg.Applier.Apply(ctx, change)
		unknown = unknown || errors.Is(err, store.ErrUnknown)
		if err != nil && unknown && p.kept(ctx, change.Work) {
			return nil
		}
		if !away(err) || ctx.Err() != nil || !p.now().Before(r.work.LeaseUntil) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// kept reports whether the row stands as the MoveKeep would leave it: the end
// of its lease is of that change alone.
func (p *Pipeline) kept(ctx context.Context, c *domain.WorkChange) bool {
	if c == nil || c.Move != domain.MoveKeep {
		return false
	}
	row, _, err := p.cfg.Store.WorkOf(ctx, c.ID)
	return err == nil && row.Epoch == c.Epoch && row.Owner != "" && row.Stage == c.Stage &&
		row.OpenAttempt == c.OpenAttempt && domain.Micros(row.LeaseUntil) == domain.Micros(c.LeaseUntil)
}

// away reports whether the store may take the same change later.
func away(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknown)
}
