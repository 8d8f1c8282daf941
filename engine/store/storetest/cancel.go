package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/store"
)

func cancelledBefore(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Write(ctx, []store.Statement{insert("a", 1)})
	updated := s.Update(ctx, func(ctx context.Context, tx store.Tx) error { return put(ctx, tx, "b", 1) })
	if !errors.Is(err, context.Canceled) || !errors.Is(updated, context.Canceled) {
		t.Errorf("write: %v, update: %v", err, updated)
	}
	want(t, s, 0, `SELECT count(*) FROM probe`)
}

// holdWriters keeps every writer busy until release: an Update holds a row (on
// SQLite: the writer), and writes that need the row wait for it.
func holdWriters(t *testing.T, s *store.Store) (release func()) {
	t.Helper()
	mustWrite(t, s, insert("hold", 0))
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 3)
	go func() {
		first := true
		done <- s.Update(context.WithoutCancel(t.Context()), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE probe SET n = n + 1 WHERE id = $1`, "hold")
			if first {
				close(held)
			}
			first = false
			<-free
			return err
		})
	}()
	<-held
	writers := int64(0)
	if s.Postgres() {
		writers = 2
	}
	for i := range writers {
		go func() {
			done <- s.Write(context.WithoutCancel(t.Context()), []store.Statement{{
				SQL: `UPDATE probe SET n = n + 1 WHERE id = $1`, Args: []any{"hold"}, Rows: 1}})
		}()
		Await(t, "a writer to block", func() bool {
			return number(t, s.Reader(), `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`) == i+1
		})
	}
	return func() {
		close(free)
		for range writers + 1 {
			if err := <-done; err != nil {
				t.Errorf("held caller: %v", err)
			}
		}
	}
}

func cancelledInQueue(t *testing.T, s *store.Store) {
	release := holdWriters(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := s.Write(ctx, []store.Statement{insert("a", 1)}) // returns though the writers are busy
	release()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	mustWrite(t, s, insert("b", 1))
	want(t, s, 0, `SELECT count(*) FROM probe WHERE id = $1`, "a")
}

func cancelledLate(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		cancel()
		return put(ctx, tx, "a", 1)
	})
	if err != nil {
		t.Errorf("got %v, want the outcome of the commit", err)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)
}

// cancelledAtRandom cancels callers at any point: nil must mean stored and an
// error not stored.
func cancelledAtRandom(t *testing.T, s *store.Store) {
	for round := range 10 {
		errs := together(func(i int) error {
			ctx, cancel := context.WithTimeout(t.Context(), rand.N(3*time.Millisecond))
			defer cancel()
			return s.Write(ctx, []store.Statement{insert(key(round*callers+i), 1), insert(key(round*callers+i)+"b", 1)})
		})
		for i, err := range errs {
			stored := number(t, s.Reader(), `SELECT count(*) FROM probe WHERE id IN ($1, $2)`,
				key(round*callers+i), key(round*callers+i)+"b")
			if err == nil && stored != 2 || errors.Is(err, context.DeadlineExceeded) && stored != 0 {
				t.Errorf("caller %d got %v with %d rows stored", i, err, stored)
			}
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("caller %d got %v", i, err)
			}
		}
	}
}
