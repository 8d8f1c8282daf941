package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresTx is a transaction on one connection. Its first error dooms it, as
// on SQLite.
type postgresTx struct {
	conn *pgx.Conn
	// bound is the context that limits the whole transaction.
	bound context.Context
	open  []*postgresRows
	err   error
	over  bool
}

// beginPostgres starts a transaction. Its error is errNotBegun: nothing ran.
func beginPostgres(ctx context.Context, conn *pgx.Conn) (*postgresTx, error) {
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return nil, notBegun(postgresError(err))
	}
	return &postgresTx{conn: conn, bound: ctx}, nil
}

// Exec implements Tx.
func (t *postgresTx) Exec(_ context.Context, sql string, args ...any) (int64, error) {
	args, err := t.ready(args)
	if err != nil {
		return 0, err
	}
	return t.exec(sql, args)
}

func (t *postgresTx) exec(sql string, args []any) (int64, error) {
	tag, err := t.conn.Exec(t.bound, sql, args...)
	return tag.RowsAffected(), t.check(err)
}

// Query implements Querier.
func (t *postgresTx) Query(_ context.Context, sql string, args ...any) (Rows, error) {
	args, err := t.ready(args)
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.Query(t.bound, sql, args...)
	if err != nil {
		return nil, t.check(err)
	}
	r := &postgresRows{rows: rows, ended: func(err error) { _ = t.check(err) }}
	t.open = append(t.open, r)
	return r, nil
}

func (t *postgresTx) ready(args []any) ([]any, error) {
	if t.over {
		return nil, errTxOver
	}
	if t.err != nil {
		return nil, t.err
	}
	args, err := normalArgs(args)
	if err != nil {
		t.err = err
	}
	return args, err
}

func (t *postgresTx) check(err error) error {
	if err == nil {
		return nil
	}
	err = postgresError(err)
	if t.conn.IsClosed() || t.bound.Err() != nil {
		err = unavailable(err)
	}
	if t.err == nil {
		t.err = err
	}
	return err
}

// end closes the cursors that were left open.
func (t *postgresTx) end() {
	for _, r := range t.open {
		r.Close()
	}
	t.open, t.over = nil, true
}

// rollback leaves the connection clean; when that fails the pool destroys it.
func (t *postgresTx) rollback() { _, _ = t.conn.Exec(t.bound, "ROLLBACK") }

// commit ends the transaction.
func (t *postgresTx) commit() error { return commitPostgres(t.bound, t.conn) }

// commitPostgres sends COMMIT. Once that has begun, only the server's own
// answer says that nothing was stored; a connection that dies leaves
// ErrUnknown. (pgconn.SafeToRetry is no help: pgx reports a connection that
// broke while it waited for the answer as one that was closed before.)
func commitPostgres(ctx context.Context, conn *pgx.Conn) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if conn.IsClosed() {
		return unavailable(errors.New("connection lost before COMMIT"))
	}
	tag, err := conn.Exec(ctx, "COMMIT")
	if err == nil {
		if tag.String() == "COMMIT" {
			return nil
		}
		return fmt.Errorf("store: the server answered COMMIT with %s", tag)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR" {
		return postgresError(err)
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}
