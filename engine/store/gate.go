package store

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Gate is something that is paused: a connection, a connector's stream, a
// receiving host. Rows behind a closed gate are neither picked nor claimed.
type Gate struct {
	Key         string
	ClosedUntil time.Time
	ClosedAt    time.Time
	Reason      string
	Detail      string
}

// CloseGate pauses what the key names. A gate that is closed already keeps the
// time at which it closed.
func (s *Store) CloseGate(ctx context.Context, g Gate) error {
	return s.Write(ctx, []Statement{{
		SQL: `INSERT INTO gate (key, closed_until, closed_at, reason, detail) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO UPDATE SET closed_until = excluded.closed_until, reason = excluded.reason, detail = excluded.detail`,
		Args: []any{g.Key, domain.Micros(g.ClosedUntil), domain.Micros(s.Now()), g.Reason, g.Detail}, Rows: 1,
	}})
}

// OpenGate resumes what the key names.
func (s *Store) OpenGate(ctx context.Context, key string) error {
	return s.Write(ctx, []Statement{{SQL: `DELETE FROM gate WHERE key = $1`, Args: []any{key}, Rows: AnyRows}})
}

// Gates lists what is paused.
func (s *Store) Gates(ctx context.Context) ([]Gate, error) {
	rows, err := s.Reader().Query(ctx, `SELECT key, closed_until, closed_at, reason, detail FROM gate ORDER BY key`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Gate
	for rows.Next() {
		var g Gate
		var until, at int64
		if err := rows.Scan(&g.Key, &until, &at, &g.Reason, &g.Detail); err != nil {
			return nil, err
		}
		g.ClosedUntil, g.ClosedAt = domain.FromMicros(until), domain.FromMicros(at)
		out = append(out, g)
	}
	return out, rows.Err()
}

func isConflict(err error) bool { return errors.Is(err, ErrConflict) }
