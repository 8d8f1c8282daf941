package store

import (
	"context"
	"database/sql"
	"sync"
)

// sqliteReaders is a bounded pool of connections that only read, each with its
// prepared statements.
type sqliteReaders struct {
	db   *sql.DB
	idle chan *sqliteConn // a nil one stands for a connection not opened yet
	quit chan struct{}
	once sync.Once
}

func newSQLiteReaders(db *sql.DB, n int) *sqliteReaders {
	r := &sqliteReaders{db: db, idle: make(chan *sqliteConn, n), quit: make(chan struct{})}
	for range n {
		r.idle <- nil
	}
	return r
}

// Query implements Querier. It holds a connection until the cursor closes.
func (r *sqliteReaders) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	args, err := normalArgs(args)
	if err != nil {
		return nil, err
	}
	c, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.query(ctx, sql, args, func(err error) { r.put(c, err) })
	if err != nil {
		r.put(c, err)
		return nil, err
	}
	return rows, nil
}

func (r *sqliteReaders) take(ctx context.Context) (*sqliteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-r.quit:
		return nil, errClosed
	default:
	}
	select {
	case c := <-r.idle:
		return r.opened(ctx, c)
	case <-r.quit:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *sqliteReaders) opened(ctx context.Context, c *sqliteConn) (*sqliteConn, error) {
	if c != nil {
		return c, nil
	}
	c, err := openSQLiteConn(ctx, r.db)
	if err != nil {
		r.idle <- nil
		return nil, err
	}
	return c, nil
}

// put gives a connection back, or in its stead the right to open a new one
// when it met an I/O error or the like.
func (r *sqliteReaders) put(c *sqliteConn, err error) {
	if isUnavailable(err) {
		_ = c.close()
		c = nil
	}
	r.idle <- c
}

// close waits for open cursors and closes all connections.
func (r *sqliteReaders) close() {
	r.once.Do(func() {
		close(r.quit)
		for range cap(r.idle) {
			if c := <-r.idle; c != nil {
				_ = c.close()
			}
		}
	})
}
