package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Store is an open database. All its methods may be called at the same time.
type Store struct {
	cfg   Config
	db    database
	clock *clock
	stats *stats
	close func() error
}

// database is what SQLite and PostgreSQL each give, under the same promises.
type database interface {
	write(ctx context.Context, statements []Statement) error
	update(ctx context.Context, fn func(context.Context, Tx) error) error
	reader() Querier
	ping(ctx context.Context) error
	backup(ctx context.Context, path string) error
	close() error

	// migrate runs fn alone among all nodes, in a transaction that ends with it.
	migrate(ctx context.Context, fn func(context.Context, migration) error) error
	// served reports whether a node serves the database now, which is at a
	// schema version above 0. While it answers no, it keeps nodes away where it
	// can.
	served(ctx context.Context, tx Tx, now time.Time) (bool, error)
	// start lets writers run, once migrations are done.
	start()
	// offset measures the database's clock less the node's.
	offset(ctx context.Context) (time.Duration, error)
}

// Open connects, takes the lock of a SQLite file, and migrates. It answers
// ErrLocked, ErrNewer, ErrServed or ErrUnavailable where they apply.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	st := &stats{now: cfg.Now, observe: cfg.Observe, log: cfg.Log}
	db, err := openDatabase(ctx, cfg, st)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, db: db, stats: st}
	if err := s.prepare(ctx); err != nil {
		db.start() // close waits for the writers
		return nil, errors.Join(err, db.close())
	}
	return s, nil
}

func openDatabase(ctx context.Context, cfg Config, st *stats) (database, error) {
	if isPostgresURL(cfg.URL) {
		return openPostgres(ctx, cfg, st)
	}
	return openSQLite(ctx, cfg, st)
}

// prepare migrates, measures the clock, and lets callers in.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.clock = newClock(s.cfg, s.db.offset)
	if err := s.clock.measure(ctx); err != nil {
		return fmt.Errorf("store: measure the database's clock: %w", err)
	}
	s.db.start()
	stop := s.clock.start()
	s.close = sync.OnceValue(func() error {
		stop()
		return s.db.close()
	})
	return nil
}

// Write commits statements in one transaction, together with whoever else is
// writing: all of them are true afterwards or none. A wrong row count gives
// that statement's Err, or ErrStale. When ctx ends before its turn nothing is
// stored and the error is ctx.Err(); later the true outcome is returned.
// ErrUnavailable means nothing was stored, ErrUnknown that nobody knows.
func (s *Store) Write(ctx context.Context, statements []Statement) error {
	if inUpdate(ctx) {
		return errNested
	}
	if len(statements) == 0 {
		return nil
	}
	normal, err := normalStatements(statements)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.db.write(ctx, normal)
}

// Update runs fn in one transaction, under the same promises as Write. fn runs
// on the caller's goroutine and may run more than once: it must change nothing
// but through its Tx, start its results anew, and call neither Write nor Update
// (that is refused: on SQLite it would wait for itself). It holds the writer (on
// SQLite: everybody's), so it does SQL and nothing that waits; its ctx is never
// cancelled. A panic in fn becomes the caller's error and stores nothing.
func (s *Store) Update(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	if inUpdate(ctx) {
		return errNested
	}
	err := s.db.update(ctx, fn)
	var p *panicError
	if errors.As(err, &p) {
		s.cfg.Log.ErrorContext(ctx, "update panicked", "panic", p.value, "stack", string(p.stack))
	}
	return err
}

// Reader reads what is committed, beside the writers. On SQLite it cannot
// write.
func (s *Store) Reader() Querier { return s.db.reader() }

// Now is the time that goes into SQL: the node's clock, plus what PostgreSQL's
// is ahead, measured each minute. Nodes agree on it to within the round trip.
func (s *Store) Now() time.Time { return s.clock.now() }

// ClockOffset is what PostgreSQL's clock is ahead of this node's; 0 when the
// two cannot be told apart, and on SQLite.
func (s *Store) ClockOffset() time.Duration { return s.clock.offset() }

// Postgres reports whether the database is PostgreSQL; else it is SQLite.
func (s *Store) Postgres() bool { return isPostgresURL(s.cfg.URL) }

// SkipLocked is what follows the inner SELECT of a claim: on PostgreSQL rows
// that another node is claiming are passed over, on SQLite there are none.
func (s *Store) SkipLocked() string {
	if s.Postgres() {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Ping reports whether the database answers a read.
func (s *Store) Ping(ctx context.Context) error { return s.db.ping(ctx) }

// Backup writes a consistent copy of a SQLite database to path, which must not
// exist, while the store is in use. On PostgreSQL it is an error that names the
// tool for it.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.backup(ctx, path) }

// Stats are the commits so far.
func (s *Store) Stats() Stats { return s.stats.snapshot() }

// Close refuses new callers, serves those who wait, and closes the database.
// It waits for open Rows. Calling it again does nothing.
func (s *Store) Close() error { return s.close() }

// unavailable marks err as ErrUnavailable unless it already is.
func unavailable(err error) error {
	if err == nil || isUnavailable(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func isUnavailable(err error) bool { return errors.Is(err, ErrUnavailable) }
