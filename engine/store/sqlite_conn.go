package store

import (
	"container/list"
	"context"
	"database/sql"
	"strings"
)

// maxPrepared bounds the prepared statements of one connection. SQL texts are
// few, but lists of IN ($1,$2,…) make variants.
const maxPrepared = 256

// sqliteConn is one connection and its prepared statements: parsing costs more
// than running for most of our SQL. One goroutine uses it at a time.
type sqliteConn struct {
	conn     *sql.Conn
	prepared map[string]*list.Element
	recent   *list.List // of *sqliteStmt, most recent first
}

type sqliteStmt struct {
	text string
	stmt *sql.Stmt
	// busy: a cursor is open on it, and SQLite cannot run it a second time.
	busy bool
}

func openSQLiteConn(ctx context.Context, db *sql.DB) (*sqliteConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, sqliteError(err)
	}
	return &sqliteConn{conn: conn, prepared: map[string]*list.Element{}, recent: list.New()}, nil
}

// close closes the statements first: SQLite keeps a connection that still has
// some, with its locks, and database/sql does not know of those made on a
// single connection.
func (c *sqliteConn) close() error {
	for e := c.recent.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*sqliteStmt).stmt.Close()
	}
	return c.conn.Close()
}

// exec runs a write through its prepared statement.
func (c *sqliteConn) exec(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := c.prepare(ctx, text)
	if err != nil {
		return 0, sqliteError(err)
	}
	defer c.release(s)
	res, err := s.stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, sqliteError(err)
	}
	return res.RowsAffected()
}

// query runs a read; release is called once, when the cursor closes.
func (c *sqliteConn) query(ctx context.Context, text string, args []any, release func(error)) (*sqliteRows, error) {
	s, err := c.prepare(ctx, text)
	if err != nil {
		return nil, sqliteError(err)
	}
	rows, err := s.stmt.QueryContext(ctx, args...)
	if err != nil {
		c.release(s)
		return nil, sqliteError(err)
	}
	return &sqliteRows{rows: rows, release: func(err error) { c.release(s); release(err) }}, nil
}

// prepare gives the statement of text, marked busy until release.
func (c *sqliteConn) prepare(ctx context.Context, text string) (*sqliteStmt, error) {
	if e, ok := c.prepared[text]; ok {
		if s := e.Value.(*sqliteStmt); !s.busy {
			s.busy = true
			c.recent.MoveToFront(e)
			return s, nil
		}
	}
	stmt, err := c.conn.PrepareContext(ctx, keepable(text))
	if err != nil {
		return nil, err
	}
	s := &sqliteStmt{text: text, stmt: stmt, busy: true}
	c.keep(s)
	return s, nil
}

// keepable is a text whose statement stays prepared. SQLite takes anything behind
// the first semicolon for a second statement, and the driver then parses the text
// anew each time. And SQLite itself does so whenever a LIMIT that is a parameter
// alone gets its value, to plan by it; it does not look into an expression.
func keepable(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "; \t\r\n"), "LIMIT $", "LIMIT +$")
}

// keep caches s unless its text is cached already (and busy).
func (c *sqliteConn) keep(s *sqliteStmt) {
	if _, ok := c.prepared[s.text]; ok {
		return
	}
	c.prepared[s.text] = c.recent.PushFront(s)
	for e := c.recent.Back(); e != nil && c.recent.Len() > maxPrepared; {
		old, before := e.Value.(*sqliteStmt), e.Prev()
		if !old.busy {
			c.recent.Remove(e)
			delete(c.prepared, old.text)
			_ = old.stmt.Close()
		}
		e = before
	}
}

func (c *sqliteConn) release(s *sqliteStmt) {
	s.busy = false
	if e, ok := c.prepared[s.text]; !ok || e.Value.(*sqliteStmt) != s {
		_ = s.stmt.Close()
	}
}

// script runs several statements in one text, without arguments.
func (c *sqliteConn) script(ctx context.Context, text string) error {
	_, err := c.conn.ExecContext(ctx, text)
	return sqliteError(err)
}

// sqliteRows is a cursor that gives its statement, and for a reader its
// connection, back when it ends.
type sqliteRows struct {
	rows    *sql.Rows
	err     error
	release func(error)
}

// Next implements Rows. The end of the result closes the cursor.
func (r *sqliteRows) Next() bool {
	if r.rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Scan implements Rows.
func (r *sqliteRows) Scan(dest ...any) error { return r.rows.Scan(dest...) }

// Err implements Rows.
func (r *sqliteRows) Err() error {
	if r.err != nil {
		return r.err
	}
	return sqliteError(r.rows.Err())
}

// Close implements Rows; calling it again does nothing.
func (r *sqliteRows) Close() {
	if r.release == nil {
		return
	}
	err := r.rows.Close()
	if e := r.rows.Err(); e != nil {
		err = e
	}
	r.err = sqliteError(err)
	release := r.release
	r.release = nil
	release(r.err)
}
