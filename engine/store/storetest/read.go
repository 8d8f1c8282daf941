package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/store"
)

func readerSees(t *testing.T, s *store.Store) {
	err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := put(ctx, tx, "a", 1); err != nil {
			return err
		}
		if n := number(t, s.Reader(), `SELECT count(*) FROM probe`); n != 0 {
			t.Errorf("a reader saw %d uncommitted rows", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if v, err := s.Version(t.Context()); err != nil || v != 2 {
		t.Errorf("version %d, %v", v, err)
	}
}

func readerCancelled(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	rows, err := s.Reader().Query(ctx, `WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 100000000000)
		SELECT count(*) FROM r UNION ALL SELECT 1`) // hours, if nobody stops it
	if err == nil {
		for rows.Next() {
			continue
		}
		err = rows.Err()
		rows.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Reader().Query(ctx, `SELECT 1`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a read under an ended context: %v", err)
	}
	want(t, s, 0, `SELECT count(*) FROM probe`)
}

// cursorsReturn reads more often than there are connections, to the end but
// without Close.
func cursorsReturn(t *testing.T, s *store.Store) {
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		rows, err := s.Reader().Query(ctx, `SELECT id FROM probe`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			t.Error("a row in an empty table")
		}
		cancel()
	}
	if _, err := s.Reader().Query(t.Context(), `SELECT nothing FROM probe`); err == nil {
		t.Log("the error comes with the rows") // PostgreSQL: see Rows.Err
	}
}

func counted(t *testing.T, s *store.Store) {
	before := s.Stats()
	together(func(i int) error { return s.Write(t.Context(), []store.Statement{insert(key(i/2), 1)}) })
	after := s.Stats()
	if got := after.Members - before.Members; got != callers {
		t.Errorf("%d members counted, want %d", got, callers)
	}
	if got := after.Failed - before.Failed; got != callers/2 {
		t.Errorf("%d failed counted, want %d", got, callers/2)
	}
	groups := int64(0)
	for _, n := range after.GroupSizes {
		groups += n
	}
	if groups != after.Commits || after.Commits == before.Commits {
		t.Errorf("sizes of %d groups, of %d commits", groups, after.Commits)
	}
}

func closed(t *testing.T, s *store.Store) {
	errs := together(func(i int) error {
		if i == callers/2 {
			return s.Close()
		}
		return s.Write(t.Context(), []store.Statement{insert(key(i), 1)})
	})
	for i, err := range errs {
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if err := s.Write(t.Context(), []store.Statement{insert("late", 1)}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write after Close: %v", err)
	}
	err := s.Update(t.Context(), func(context.Context, store.Tx) error { t.Error("ran"); return nil })
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("an update after Close: %v", err)
	}
	if _, err := s.Reader().Query(t.Context(), `SELECT 1`); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a read after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}
