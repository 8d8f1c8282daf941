package store

import "context"

// sqliteTx is one member's view of the writer's transaction.
//
// The first error dooms the member, as it does on PostgreSQL: later calls give
// it back, and the member fails even when its function swallowed it.
type sqliteTx struct {
	conn *sqliteConn
	open []*sqliteRows
	err  error
	// lost is set when SQLite has rolled the whole transaction back by itself:
	// a further statement would run outside of any.
	lost error
	over bool
}

// runMember runs what the member brought and closes the cursors it left open.
func (t *sqliteTx) runMember(m *member) error {
	var err error
	if m.fn == nil {
		err = apply(m.statements, t.write)
	} else {
		err = m.call(t)
	}
	t.end()
	if t.err != nil && !m.final {
		return t.err
	}
	return err
}

func (t *sqliteTx) end() {
	for _, r := range t.open {
		r.Close()
	}
	t.open, t.over = nil, true
}

// Exec implements Tx.
func (t *sqliteTx) Exec(_ context.Context, sql string, args ...any) (int64, error) {
	args, err := t.ready(args)
	if err != nil {
		return 0, err
	}
	return t.exec(sql, args)
}

// write runs one statement of a change.
func (t *sqliteTx) write(s *Statement) (int64, error) {
	if s.Into == nil {
		return t.exec(s.SQL, s.Args)
	}
	rows, err := t.conn.query(context.Background(), s.SQL, s.Args, func(error) {})
	if err != nil {
		return 0, t.check(err)
	}
	defer rows.Close()
	touched, err := takeInto(rows, s.Into)
	return touched, t.check(err)
}

// exec runs under the writer's own context: see sqliteWriter.
func (t *sqliteTx) exec(sql string, args []any) (int64, error) {
	n, err := t.conn.exec(context.Background(), sql, args...)
	return n, t.check(err)
}

// Query implements Querier.
func (t *sqliteTx) Query(_ context.Context, sql string, args ...any) (Rows, error) {
	args, err := t.ready(args)
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.query(context.Background(), sql, args, func(err error) { _ = t.check(err) })
	if err != nil {
		return nil, t.check(err)
	}
	t.open = append(t.open, rows)
	return rows, nil
}

func (t *sqliteTx) ready(args []any) ([]any, error) {
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

// check keeps the first error and finds out whether the transaction survived.
func (t *sqliteTx) check(err error) error {
	if err == nil {
		return nil
	}
	if t.err == nil {
		t.err = err
	}
	if t.lost == nil && !t.conn.inTransaction(context.Background()) {
		t.lost = unavailable(err)
	}
	return err
}
