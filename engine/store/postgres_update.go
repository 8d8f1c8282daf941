package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// update runs fn in a transaction of its own, again after a deadlock.
func (d *postgresDB) update(ctx context.Context, fn func(context.Context, Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.updates <- struct{}{}:
		defer func() { <-d.updates }()
	case <-d.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	for repeat := 0; ; repeat++ {
		err := d.updateOnce(ctx, fn)
		if !repeatable(err) || repeat == maxRepeats {
			return err
		}
		if errors.Is(err, errNotBegun) && repeat > 0 {
			return err // a fresh connection did not help
		}
		pause(ctx, repeat)
	}
}

func (d *postgresDB) updateOnce(ctx context.Context, fn func(context.Context, Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Not the caller's: pgx throws a connection away whose context ends.
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.CommitTimeout)
	defer cancel()
	conn, err := d.writes.Acquire(bound)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	tx, err := beginPostgres(bound, conn.Conn())
	if err != nil {
		d.writes.Reset()
		return err
	}
	returned := false
	defer func() {
		if !returned { // the caller's goroutine is ending inside fn
			tx.end()
			tx.rollback()
		}
	}()
	err = safely(bound, tx, fn)
	returned = true
	tx.end()
	return d.finish(tx, err)
}

// finish commits unless fn failed or its transaction is doomed.
func (d *postgresDB) finish(tx *postgresTx, err error) error {
	start := time.Now()
	var p *panicError
	if tx.err != nil && !errors.As(err, &p) {
		err = tx.err
	}
	if err != nil {
		tx.rollback()
	} else {
		err = tx.commit()
	}
	d.stats.committed([]*member{{verdict: err}}, time.Since(start), nil)
	return err
}

// postgresMigration is a Tx that also runs scripts.
type postgresMigration struct{ *postgresTx }

func (m postgresMigration) script(ctx context.Context, sql string) error {
	_, err := m.conn.PgConn().Exec(ctx, sql).ReadAll()
	return m.check(err)
}

func (m postgresMigration) bytesType() string { return "BYTEA" }

func (m postgresMigration) clustered() string { return "" }

// migrationLock is the key under which all nodes migrate one after the other.
const migrationLock = 0x61666172 // "afar"

// migrate takes a lock that ends with the transaction, so that a node which
// dies while migrating leaves no lock behind.
func (d *postgresDB) migrate(ctx context.Context, fn func(context.Context, migration) error) error {
	conn, err := d.writes.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	tx, err := beginPostgres(ctx, conn.Conn())
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", migrationLock)); err == nil {
		err = fn(ctx, postgresMigration{tx})
	}
	tx.end()
	if err == nil {
		err = tx.err
	}
	if err != nil {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	return tx.commit()
}
