package pull

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// state is how far a stream is.
type state struct {
	cursor   []byte
	dueAt    time.Time
	failures int64
	run      domain.RunID // the last one that began
	asked    domain.RunID // that waits
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func newStream(c Connection, stream string, due time.Time) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO pull_stream (connection_id, stream, environment_id, cursor, cursor_version, poll_seconds, due_at, failures, run_id, asked_run, gone_at)
VALUES ($1, $2, $3, $4, '', $5, $6, 0, '', '', 0) ON CONFLICT (connection_id, stream) DO NOTHING`,
		Args: []any{c.Ref.ID, stream, c.Environment, []byte{}, seconds(c.Every), domain.Micros(due)}, Rows: store.AnyRows,
	}
}

// retimed leaves a stream alone whose time another node has changed already, and the
// time of a run that a person asked for.
func retimed(c Connection, stream string, was time.Duration, due time.Time) store.Statement {
	return store.Statement{
		SQL: `UPDATE pull_stream SET poll_seconds = $1, due_at = CASE WHEN asked_run = '' THEN $2 ELSE due_at END
WHERE connection_id = $3 AND stream = $4 AND poll_seconds = $5 AND gone_at = 0`,
		Args: []any{seconds(c.Every), domain.Micros(due), c.Ref.ID, stream, seconds(was)}, Rows: store.AnyRows,
	}
}

// times are what the rows of all streams were timed by.
func (s *Service) times(ctx context.Context) (map[streamKey]time.Duration, error) {
	out := map[streamKey]time.Duration{}
	err := s.each(ctx, func(rows store.Rows) error {
		var k streamKey
		var every int64
		err := rows.Scan(&k.connection, &k.stream, &every)
		out[k] = time.Duration(every) * time.Second
		return err
	}, `SELECT connection_id, stream, poll_seconds FROM pull_stream WHERE gone_at = 0`)
	if err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	return out, nil
}

// due lists the streams whose time has come, those that waited longest first.
func (s *Service) due(ctx context.Context) (out []streamKey, err error) {
	err = s.each(ctx, func(rows store.Rows) error {
		var k streamKey
		err := rows.Scan(&k.connection, &k.stream)
		out = append(out, k)
		return err
	}, `SELECT connection_id, stream FROM pull_stream WHERE due_at <= $1 AND gone_at = 0 ORDER BY due_at`, domain.Micros(s.cfg.Store.Now()))
	return out, err
}

// state reads a stream; errMoved when it is gone.
func (s *Service) state(ctx context.Context, k streamKey) (is state, err error) {
	found := false
	err = s.each(ctx, func(rows store.Rows) error {
		var due int64
		err := rows.Scan(&is.cursor, &due, &is.failures, &is.run, &is.asked)
		is.dueAt, found = domain.FromMicros(due), true
		return err
	}, `SELECT cursor, due_at, failures, run_id, asked_run FROM pull_stream WHERE connection_id = $1 AND stream = $2 AND gone_at = 0`, k.connection, k.stream)
	if err != nil {
		return is, fmt.Errorf("read stream %s of %s: %w", k.stream, k.connection, err)
	}
	if !found {
		return is, errMoved
	}
	return is, nil
}

// began turns over what the last run left: it was interrupted if nobody ended it,
// and is dropped if nothing came of it. The new one is that which was asked for, or
// another.
func (r *reader) began(is state, last Run) []store.Statement {
	now, run := domain.Micros(r.run.StartedAt), r.run
	statements := []store.Statement{r.held(), {
		SQL:  `UPDATE pull_stream SET run_id = $1, asked_run = '', due_at = $2 WHERE connection_id = $3 AND stream = $4 AND run_id = $5 AND asked_run = $6 AND gone_at = 0`,
		Args: []any{run.ID, domain.Micros(r.run.StartedAt.Add(r.s.cfg.Lease)), r.key.connection, r.key.stream, is.run, is.asked}, Rows: 1, Err: errMoved,
	}}
	switch {
	case last.State == StateRunning:
		statements = append(statements, store.Statement{
			SQL: `UPDATE pull_run SET state = 'interrupted', ended_at = $1 WHERE id = $2 AND state = 'running'`, Args: []any{now, last.ID}, Rows: store.AnyRows,
		})
	case last.quiet():
		statements = append(statements, store.Statement{SQL: `DELETE FROM pull_run WHERE id = $1`, Args: []any{last.ID}, Rows: store.AnyRows})
	}
	if is.asked != "" {
		return append(statements, store.Statement{
			SQL:  `UPDATE pull_run SET state = 'running', node_id = $1, started_at = $2, progress_at = $2 WHERE id = $3 AND state = 'queued'`,
			Args: []any{run.Node, now, run.ID}, Rows: 1,
		})
	}
	return append(statements, run.row())
}

// held is the fence of all that the run writes from then on.
func (r *reader) held() store.Statement {
	return r.s.cfg.Store.HeldLease(r.key.lease(), r.s.cfg.Node, r.s.cfg.Lease)
}

// ofStream finds the row of the stream while this run reads it, with arguments after
// those that the statement has already.
func (r *reader) ofStream(set string, args ...any) store.Statement {
	n := len(args)
	return store.Statement{
		SQL:  fmt.Sprintf(`UPDATE pull_stream SET %s WHERE connection_id = $%d AND stream = $%d AND run_id = $%d AND gone_at = 0`, set, n+1, n+2, n+3),
		Args: append(args, r.key.connection, r.key.stream, r.id), Rows: 1,
	}
}

// leaseEnd is when another node may look after the stream.
func (r *reader) leaseEnd() int64 { return domain.Micros(r.s.cfg.Store.Now().Add(r.s.cfg.Lease)) }

// renewed says that the run goes on.
func (r *reader) renewed() []store.Statement {
	return []store.Statement{r.held(), r.ofStream(`due_at = $1`, r.leaseEnd())}
}

// moved is the position after a batch.
func (r *reader) moved(is stored) store.Statement {
	return r.ofStream(`cursor = $1, cursor_version = $2, due_at = $3`, append([]byte{}, is.cursor...), is.version, r.leaseEnd())
}

// ended is the end of the run and of its lease.
func (r *reader) ended(due time.Time) []store.Statement {
	stream := r.ofStream(`due_at = CASE WHEN asked_run = '' THEN CAST($1 AS BIGINT) ELSE CAST($2 AS BIGINT) END, failures = $3, poll_seconds = $4`,
		domain.Micros(due), domain.Micros(r.run.EndedAt), r.failures, seconds(r.connection.Every))
	return []store.Statement{r.held(), stream, r.run.end(), store.FreedLease(r.key.lease(), r.s.cfg.Node)}
}

// each reads all rows of a query.
func (s *Service) each(ctx context.Context, scan func(store.Rows) error, sql string, args ...any) error {
	rows, err := s.cfg.Store.Reader().Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
