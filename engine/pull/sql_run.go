package pull

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const runColumns = `id, connection_id, stream, environment_id, cause, actor, state, node_id, connector_version, asked_at, started_at, progress_at, ended_at,
 records_read, records_new, records_changed, remaining, class, code, message`

// row is a run as it begins, or is asked for.
func (r Run) row() store.Statement {
	return store.Statement{
		SQL: `INSERT INTO pull_run (` + runColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11, 0, 0, 0, 0, -1, '', '', '')`,
		Args: []any{
			r.ID, r.Connection, r.Stream, r.Environment, r.Cause, r.Actor, r.State, r.Node,
			domain.Micros(r.AskedAt), domain.Micros(r.StartedAt), domain.Micros(r.ProgressAt),
		}, Rows: 1,
	}
}

// progress is a run after a batch.
func (r Run) progress() store.Statement {
	return store.Statement{
		SQL: `UPDATE pull_run SET connector_version = $1, progress_at = $2, records_read = $3, records_new = $4, records_changed = $5, remaining = $6
WHERE id = $7 AND state = 'running'`,
		Args: []any{r.ConnectorVersion, domain.Micros(r.ProgressAt), r.Read, r.New, r.Changed, r.Remaining, r.ID}, Rows: 1,
	}
}

func (r Run) end() store.Statement {
	e := r.Error
	if e == nil {
		e = &domain.ConnectorError{}
	}
	return store.Statement{
		SQL:  `UPDATE pull_run SET state = $1, ended_at = $2, class = $3, code = $4, message = $5 WHERE id = $6 AND state = 'running'`,
		Args: []any{r.State, domain.Micros(r.EndedAt), e.Class, plain(e.Code), plain(e.Message), r.ID}, Rows: 1,
	}
}

// lastRun reads a run; the zero value when there is none of that id.
func (s *Service) lastRun(ctx context.Context, id domain.RunID) (last Run, err error) {
	if id == "" {
		return Run{}, nil
	}
	list, err := s.runs(ctx, `WHERE id = $1`, id)
	if err != nil || len(list) == 0 {
		return Run{}, err
	}
	return list[0], nil
}

func (s *Service) runs(ctx context.Context, rest string, args ...any) (out []Run, err error) {
	err = s.each(ctx, func(rows store.Rows) error {
		r, err := scanRun(rows)
		out = append(out, r)
		return err
	}, `SELECT `+runColumns+` FROM pull_run `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return out, nil
}

func scanRun(rows store.Rows) (Run, error) {
	var r Run
	var e domain.ConnectorError
	var asked, started, progress, ended int64
	err := rows.Scan(&r.ID, &r.Connection, &r.Stream, &r.Environment, &r.Cause, &r.Actor, &r.State, &r.Node, &r.ConnectorVersion, &asked, &started, &progress, &ended,
		&r.Read, &r.New, &r.Changed, &r.Remaining, &e.Class, &e.Code, &e.Message)
	r.AskedAt, r.StartedAt = domain.FromMicros(asked), domain.FromMicros(started)
	r.ProgressAt, r.EndedAt = domain.FromMicros(progress), domain.FromMicros(ended)
	if e.Class != "" {
		r.Error = &e
	}
	return r, err
}
