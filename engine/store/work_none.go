package store

import (
	"context"

	"github.com/afara-dev/afara/engine/domain"
)

// ReasonDeleted is that of the gate of a connection that was deleted: a row that
// was drafted before must not be stored after.
const ReasonDeleted = "deleted"

// ErrDeleted refuses new work of a connection that was deleted meanwhile.
var ErrDeleted = &domain.Error{
	Kind: domain.KindConflict, Code: "connection_deleted",
	Detail: "The connection that this was for was deleted meanwhile. Nothing was stored: send it again, to the one that serves it now.",
}

// writeNone touches the unfinished rows of a connection, of which there must be
// none. On PostgreSQL a writer that has not committed is waited for, and none
// begins before the commit: its rows would not be seen.
func (s *Store) writeNone(p domain.Part) ([]Statement, error) {
	n := p.(domain.WorkNone)
	none := Statement{SQL: `UPDATE work SET held = held WHERE connection_id = $1`, Args: []any{n.Connection}, Rows: 0, Err: n.Refused}
	if !s.Postgres() {
		return []Statement{none}, nil
	}
	return []Statement{{SQL: `LOCK TABLE work IN SHARE ROW EXCLUSIVE MODE`, Rows: AnyRows}, none}, nil
}

// Unfinished counts the rows of a connection, held ones too.
func (s *Store) Unfinished(ctx context.Context, id domain.ConnectionID) (n, held int64, err error) {
	rows, err := s.Reader().Query(ctx, `SELECT COUNT(*), COALESCE(SUM(held), 0) FROM work WHERE connection_id = $1`, id)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n, &held); err != nil {
			return 0, 0, err
		}
	}
	return n, held, rows.Err()
}
