package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// errNotBegun marks a transaction that could not even start: trying its
// members one by one would only wait for each of them again.
var errNotBegun = errors.New("store: begin")

// errSpoilt says that a member failed among neighbours that had no savepoint to
// go back to.
var errSpoilt = errors.New("store: a member failed")

func notBegun(err error) error { return fmt.Errorf("%w: %w", errNotBegun, unavailable(err)) }

// sqliteWriter is the one goroutine that writes, on one connection. It commits
// all callers who wait in one transaction: first in good faith, and, when one of
// them fails, again with a savepoint for each. A savepoint costs a copy of every
// page that its member is the first to touch, and failures are rare. Nothing here runs under a caller's context: a cancelled caller must not undo
// its neighbours.
type sqliteWriter struct {
	db    *sql.DB
	conn  *sqliteConn // nil when it must be opened again
	queue *queue
	stats *stats
}

func (w *sqliteWriter) run() {
	for group := w.queue.next(); group != nil; group = w.queue.next() {
		w.commit(group)
	}
	if w.conn != nil {
		_ = w.conn.close()
	}
}

// commit brings every member to its verdict: in one transaction, or, when that
// was lost as a whole, each once alone.
func (w *sqliteWriter) commit(group []*member) {
	start := time.Now()
	err := w.try(group, false)
	if errors.Is(err, errSpoilt) {
		err = w.try(runnable(group), true)
	}
	if err != nil {
		w.rerun(group, err)
	}
	w.stats.committed(group, time.Since(start), err)
	for _, m := range group {
		m.finish()
	}
}

// runnable leaves out those that have failed for good.
func runnable(group []*member) []*member {
	return slices.DeleteFunc(slices.Clone(group), func(m *member) bool { return m.final })
}

// rerun tries each member alone, because nobody of the group was stored. Those
// that cannot run again keep their verdict.
func (w *sqliteWriter) rerun(group []*member, err error) {
	for _, m := range group {
		if m.final {
			continue
		}
		if errors.Is(err, errNotBegun) {
			m.verdict = err
			continue
		}
		if alone := w.try([]*member{m}, true); alone != nil {
			m.verdict = alone
			if errors.Is(alone, errNotBegun) {
				err = alone
			}
		}
	}
}

// try runs members in one transaction and gives each its verdict. An error
// means that the transaction is lost, nobody is stored and no verdict counts.
// Guarded, a member that fails is undone alone.
func (w *sqliteWriter) try(members []*member, guarded bool) error {
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		return err
	}
	stored := 0
	for _, m := range members {
		lost := w.member(ctx, m, guarded && len(members) > 1)
		if lost == nil && m.verdict != nil && !guarded && len(members) > 1 {
			lost = errSpoilt
		}
		if lost != nil {
			w.reset(ctx)
			return lost
		}
		if m.verdict == nil {
			stored++
		}
	}
	if stored == 0 {
		w.reset(ctx)
		return nil
	}
	if _, err := w.conn.exec(ctx, "COMMIT"); err != nil {
		w.reset(ctx)
		return unavailable(err)
	}
	return nil
}

func (w *sqliteWriter) begin(ctx context.Context) error {
	if w.conn == nil {
		conn, err := openSQLiteConn(ctx, w.db)
		if err != nil {
			return notBegun(err)
		}
		w.conn = conn
	}
	if _, err := w.conn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.reset(ctx)
		return notBegun(err)
	}
	return nil
}

// member runs one member and, with a savepoint, undoes it alone when it fails.
// The returned error says that the whole transaction is lost.
func (w *sqliteWriter) member(ctx context.Context, m *member, savepoint bool) error {
	if m.verdict = m.ctx.Err(); m.verdict != nil {
		return nil
	}
	if savepoint {
		if _, err := w.conn.exec(ctx, "SAVEPOINT member"); err != nil {
			return unavailable(err)
		}
	}
	tx := &sqliteTx{conn: w.conn}
	m.verdict = tx.runMember(m)
	if tx.lost != nil {
		return tx.lost
	}
	return w.endMember(ctx, m, savepoint)
}

func (w *sqliteWriter) endMember(ctx context.Context, m *member, savepoint bool) error {
	switch {
	case savepoint && m.verdict == nil:
		return w.step(ctx, "RELEASE member")
	case savepoint:
		// SQLite may have rolled all back by itself (disk full, I/O error);
		// then the savepoint is gone and this fails.
		if err := w.step(ctx, "ROLLBACK TO member"); err != nil {
			return err
		}
		return w.step(ctx, "RELEASE member")
	}
	return nil
}

func (w *sqliteWriter) step(ctx context.Context, sql string) error {
	if _, err := w.conn.exec(ctx, sql); err != nil {
		return unavailable(err)
	}
	return nil
}

// reset leaves no transaction open; a connection that cannot even do that is
// thrown away and opened anew by the next group.
func (w *sqliteWriter) reset(ctx context.Context) {
	_, _ = w.conn.exec(ctx, "ROLLBACK") // fails when SQLite has rolled back already
	if w.conn.inTransaction(ctx) {
		_ = w.conn.close()
		w.conn = nil
	}
}

// inTransaction asks by starting one: SQLite refuses that inside another.
func (c *sqliteConn) inTransaction(ctx context.Context) bool {
	if _, err := c.exec(ctx, "BEGIN DEFERRED"); err != nil {
		return true
	}
	_, err := c.exec(ctx, "ROLLBACK")
	return err != nil
}
