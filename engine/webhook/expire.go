package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// expireChunk is how many rows of a table one transaction removes.
	expireChunk = 500
	// keepRefused is how long it is kept that something was refused.
	keepRefused = 24 * time.Hour
)

// Expire removes what has had its day, a chunk at a time, and reports how many
// rows that were.
func (s *Service) Expire(ctx context.Context) (n int64, err error) {
	now := s.now()
	for state, keep := range map[State]time.Duration{StateRefused: keepRefused, StateVerified: s.cfg.Retain, StateDuplicate: s.cfg.Retain} {
		ids, err := s.oldRequests(ctx, state, now.Add(-keep))
		if err != nil {
			return n, fmt.Errorf("expire webhooks: %w", err)
		}
		if len(ids) == 0 {
			continue
		}
		marks, args := store.List(0, ids)
		err = s.cfg.Store.Write(ctx, []store.Statement{
			{SQL: `DELETE FROM webhook_event WHERE request_id IN (` + marks + `)`, Args: args, Rows: store.AnyRows},
			{SQL: `DELETE FROM webhook_request WHERE id IN (` + marks + `)`, Args: args, Rows: store.AnyRows},
		})
		if err != nil {
			return n, fmt.Errorf("expire webhooks: %w", err)
		}
		n += int64(len(ids))
	}
	var keys int64
	err = s.cfg.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		keys, err = tx.Exec(ctx, `DELETE FROM webhook_key WHERE (connection_id, kind, dedupe_key) IN (
 SELECT connection_id, kind, dedupe_key FROM webhook_key WHERE seen_at <= $1 LIMIT $2)`, domain.Micros(now.Add(-s.cfg.Retain)), int64(expireChunk))
		return err
	})
	if err != nil {
		return n, fmt.Errorf("expire webhook keys: %w", err)
	}
	return n + keys, nil
}

func (s *Service) oldRequests(ctx context.Context, state State, until time.Time) ([]domain.WebhookID, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id FROM webhook_request WHERE state = $1 AND received_at <= $2 ORDER BY received_at LIMIT $3`,
		string(state), domain.Micros(until), int64(expireChunk))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []domain.WebhookID
	for rows.Next() {
		var id domain.WebhookID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
