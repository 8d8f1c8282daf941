package pull

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// keepRuns is for how long runs are kept.
	keepRuns = 30 * 24 * time.Hour
	// chunk is how many rows are deleted at once.
	chunk = 500
)

// Expire deletes runs that have had their day and records that were stored longer
// ago than retain, a chunk at a time, and reports whether there may be more. A
// record that is read again afterwards is new.
func (s *Service) Expire(ctx context.Context, retain time.Duration) (more bool, err error) {
	more, err = s.clear(ctx)
	if err != nil {
		return false, err
	}
	now := s.cfg.Store.Now()
	for _, old := range []store.Statement{
		{SQL: `DELETE FROM pull_run WHERE id IN (SELECT id FROM pull_run WHERE ended_at > 0 AND ended_at <= $1 LIMIT $2)`,
			Args: []any{domain.Micros(now.Add(-keepRuns)), int64(chunk)}},
		{SQL: `DELETE FROM pull_record WHERE id IN (SELECT id FROM pull_record WHERE stored_at <= $1 LIMIT $2)`,
			Args: []any{domain.Micros(now.Add(-retain)), int64(chunk)}},
	} {
		n, err := s.drop(ctx, old)
		if err != nil {
			return false, fmt.Errorf("expire what was read: %w", err)
		}
		more = more || n == chunk
	}
	return more, nil
}

// clear deletes a chunk of what belongs to deleted connections, and reports whether
// there may be more. The stream's row goes last: it says that there is something
// left.
func (s *Service) clear(ctx context.Context) (more bool, err error) {
	var gone []streamKey
	err = s.each(ctx, func(rows store.Rows) error {
		var k streamKey
		err := rows.Scan(&k.connection, &k.stream)
		gone = append(gone, k)
		return err
	}, `SELECT connection_id, stream FROM pull_stream WHERE gone_at > 0 ORDER BY gone_at LIMIT 20`)
	if err != nil {
		return false, fmt.Errorf("list what is gone: %w", err)
	}
	for _, k := range gone {
		if err := s.clearOne(ctx, k); err != nil {
			return false, fmt.Errorf("clear stream %s of %s: %w", k.stream, k.connection, err)
		}
	}
	return len(gone) > 0, nil
}

func (s *Service) clearOne(ctx context.Context, k streamKey) error {
	for _, table := range []string{
		`DELETE FROM pull_record WHERE id IN (SELECT id FROM pull_record WHERE connection_id = $1 AND stream = $2 LIMIT $3)`,
		`DELETE FROM pull_run WHERE id IN (SELECT id FROM pull_run WHERE connection_id = $1 AND stream = $2 LIMIT $3)`,
	} {
		n, err := s.drop(ctx, store.Statement{SQL: table, Args: []any{k.connection, k.stream, int64(chunk)}})
		if err != nil || n == chunk {
			return err
		}
	}
	_, err := s.drop(ctx, store.Statement{SQL: `DELETE FROM pull_stream WHERE connection_id = $1 AND stream = $2`, Args: []any{k.connection, k.stream}})
	return err
}

func (s *Service) drop(ctx context.Context, st store.Statement) (n int64, err error) {
	err = s.cfg.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		n, err = tx.Exec(ctx, st.SQL, st.Args...)
		return err
	})
	return n, err
}
