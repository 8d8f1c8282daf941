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
// time at which it closed; with over it changes only when it is closed for one
// of these reasons.
func (s *Store) CloseGate(ctx context.Context, g Gate, over ...string) error {
	return s.Write(ctx, []Statement{s.ClosedGate(g, over...)})
}

// ClosedGate is what CloseGate writes, for a transaction of more.
func (s *Store) ClosedGate(g Gate, over ...string) Statement {
	args := []any{g.Key, domain.Micros(g.ClosedUntil), domain.Micros(s.Now()), g.Reason, g.Detail}
	condition, more := onlyFor("gate.reason", over, len(args))
	return Statement{
		SQL: `INSERT INTO gate (key, closed_until, closed_at, reason, detail) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO UPDATE SET closed_until = excluded.closed_until, reason = excluded.reason, detail = excluded.detail WHERE gate.key = excluded.key` + condition,
		Args: append(args, more...), Rows: AnyRows,
	}
}

// OpenGate resumes what the key names; with only, when it is closed for one of
// these reasons.
func (s *Store) OpenGate(ctx context.Context, key string, only ...string) error {
	return s.Write(ctx, []Statement{OpenedGate(key, only...)})
}

// OpenedGate is what OpenGate writes, for a transaction of more.
func OpenedGate(key string, only ...string) Statement {
	condition, more := onlyFor("reason", only, 1)
	return Statement{SQL: `DELETE FROM gate WHERE key = $1` + condition, Args: append([]any{key}, more...), Rows: AnyRows}
}

func onlyFor(column string, reasons []string, after int) (condition string, args []any) {
	if len(reasons) == 0 {
		return "", nil
	}
	list, args := List(after, reasons)
	return ` AND ` + column + ` IN (` + list + `)`, args
}

// DropGates removes gates that have opened by themselves.
func (s *Store) DropGates(ctx context.Context) error {
	return s.Write(ctx, []Statement{{SQL: `DELETE FROM gate WHERE closed_until <= $1`, Args: []any{domain.Micros(s.Now())}, Rows: AnyRows}})
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
