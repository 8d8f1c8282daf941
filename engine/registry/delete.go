package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// deleteAfter is how long a connection must have been disabled before it can
	// be deleted: other nodes use what they have read of it for a while.
	deleteAfter = 10 * time.Second
	// tombstone is for how long new work of a deleted connection is refused by
	// name: longer than anybody drafts.
	tombstone = 10 * time.Minute
)

// errUnfinished and errDeletable say why a deletion touched the wrong rows.
var (
	errUnfinished = errors.New("registry: the connection has unfinished work")
	errDeletable  = errors.New("registry: the connection is enabled, or was lately")
)

// Delete removes a connection that was disabled and whose work is finished, with
// its history.
func (s *Service) Delete(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID, actor string) error {
	c, err := s.Connection(ctx, env, id)
	if err != nil {
		return err
	}
	now := s.cfg.Store.Now()
	gate := store.Gate{Key: string(id), ClosedUntil: now.Add(tombstone), Reason: store.ReasonDeleted}
	change := domain.Change{Parts: []domain.Part{
		domain.WorkNone{Connection: id, Refused: errUnfinished},
		written{
			{
				SQL:  `DELETE FROM connection WHERE id = $1 AND enabled = 0 AND disabled_at <= $2`,
				Args: []any{id, domain.Micros(now.Add(-deleteAfter))}, Rows: 1, Err: errDeletable,
			},
			{SQL: `DELETE FROM connection_version WHERE connection_id = $1`, Args: []any{id}, Rows: store.AnyRows},
			{SQL: `DELETE FROM capability WHERE connection_id = $1`, Args: []any{id}, Rows: store.AnyRows},
			s.cfg.Store.ClosedGate(gate),
		},
		domain.AuditEntry{Environment: env, Actor: actor, Action: deedDelete, Subject: string(id), Detail: c.Connector + " " + c.Name, At: now},
	}}
	for _, gone := range s.cfg.Gone {
		change.Add(gone(id, now))
	}
	err = s.cfg.Applier.Apply(ctx, change)
	switch {
	case errors.Is(err, errUnfinished):
		return s.unfinished(ctx, id)
	case errors.Is(err, errDeletable):
		return s.notDeletable(ctx, env, id)
	case err != nil:
		return fmt.Errorf("delete connection %s: %w", id, err)
	}
	s.noteChange()
	return nil
}

// unfinished says what a deletion would have left without its connection.
func (s *Service) unfinished(ctx context.Context, id domain.ConnectionID) error {
	n, held, err := s.cfg.Store.Unfinished(ctx, id)
	if err != nil {
		return err
	}
	e := ErrInUse.Detailed(fmt.Sprintf("%d messages of this connection are unfinished, %d of them held. Let them end, for which it must be enabled; "+
		"settle the held ones at POST /si/messages/{id}/resolve or replay them (GET /si/dlq?connectionId=%s). Then disable and delete it.", n, held, id))
	e.Extra = map[string]any{"unfinished": n, "held": held}
	return e
}

// notDeletable says what must be done before a deletion.
func (s *Service) notDeletable(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) error {
	c, err := s.Connection(ctx, env, id)
	if err != nil {
		return err // somebody else has deleted it
	}
	if c.Enabled {
		return ErrEnabled
	}
	e := ErrEnabled.Detailed(fmt.Sprintf("The connection was disabled less than %d s ago, and other nodes may not know yet. Delete it again in a moment.", int(deleteAfter/time.Second)))
	e.Extra = map[string]any{"deletableAt": domain.FormatTime(c.DisabledAt.Add(deleteAfter))}
	return e
}
