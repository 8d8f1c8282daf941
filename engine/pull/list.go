package pull

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Filter selects what was read of a connection, or its runs, newest first.
type Filter struct {
	Environment domain.EnvironmentID
	Connection  domain.ConnectionID
	Stream      string // empty for all streams; records want one
	Key         string // of a record; empty for all
	After       string // the id that ended the page before
	Limit       int
}

// where adds the conditions that both lists share.
func (f Filter) where() (condition string, args []any) {
	condition, args = `WHERE connection_id = $1 AND environment_id = $2`, []any{f.Connection, f.Environment}
	add := func(is bool, column, comparison, value string) {
		if is {
			args = append(args, value)
			condition += fmt.Sprintf(` AND %s %s $%d`, column, comparison, len(args))
		}
	}
	add(f.Stream != "", "stream", "=", f.Stream)
	add(f.Key != "", "key", "=", f.Key)
	add(f.After != "", "id", "<", f.After)
	args = append(args, int64(f.Limit))
	return condition + fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args
}

// Runs lists runs.
func (s *Service) Runs(ctx context.Context, f Filter) ([]Run, error) {
	rest, args := f.where()
	return s.runs(ctx, rest, args...)
}

// Records lists what is stored, and reports whether there is more: large records
// make short pages.
func (s *Service) Records(ctx context.Context, f Filter) (out []Record, more bool, err error) {
	limit := f.Limit
	f.Limit++
	rest, args := f.where()
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT `+recordColumns+` FROM pull_record `+rest, args...)
	if err != nil {
		return nil, false, fmt.Errorf("list records: %w", err)
	}
	defer rows.Close()
	bytes := 0
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, false, fmt.Errorf("list records: %w", err)
		}
		if bytes += len(r.Document.Body); len(out) == limit || len(out) > 0 && bytes > maxShown {
			return out, true, nil
		}
		out = append(out, r)
	}
	return out, false, rows.Err()
}
