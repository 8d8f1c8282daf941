package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"
)

// Fault decides what becomes of a statement on SQLite's writing connections:
// nil lets it run.
type Fault func(sql string) error

// ErrRolledBack as a Fault's error also rolls the transaction back first, as
// SQLite does by itself after an I/O error or on a full disk.
var ErrRolledBack = errors.New("injected: SQLite rolled back by itself")

// Inject puts f between a store and SQLite.
func Inject(f Fault) func(*Config) {
	return func(c *Config) {
		c.wrap = func(base driver.Connector) driver.Connector { return faultyConnector{base, f} }
	}
}

// Waiting is how many callers wait for SQLite's writer.
func Waiting(s *Store) int { return len(s.db.(*sqliteDB).writer.queue.in) }

// MidpointOffset is how a clock offset follows from one round trip.
func MidpointOffset(before, server, after time.Time) time.Duration {
	return midpointOffset(before, server, after)
}

type faultyConnector struct {
	driver.Connector
	fault Fault
}

func (c faultyConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: conn, fault: c.fault}, nil
}

type faultyConn struct {
	driver.Conn
	fault Fault
}

func (c *faultyConn) PrepareContext(ctx context.Context, sql string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	return &faultyStmt{Stmt: stmt, conn: c, sql: sql}, nil
}

func (c *faultyConn) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, sql, args)
}

func (c *faultyConn) check(sql string) error {
	err := c.fault(sql)
	if errors.Is(err, ErrRolledBack) {
		_, _ = c.ExecContext(context.Background(), "ROLLBACK", nil)
	}
	return err
}

type faultyStmt struct {
	driver.Stmt
	conn *faultyConn
	sql  string
}

func (s *faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.conn.check(s.sql); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.conn.check(s.sql); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}
