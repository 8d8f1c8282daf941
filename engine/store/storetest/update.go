package storetest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/store"
)

func put(ctx context.Context, tx store.Tx, id string, n int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO probe (id, n) VALUES ($1, $2)`, id, n)
	return err
}

func updateReads(t *testing.T, s *store.Store) {
	var got int64
	err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := put(ctx, tx, "a", 41); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `UPDATE probe SET n = n + 1 WHERE id = $1 RETURNING n`, "a")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&got); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil || got != 42 {
		t.Fatalf("got %d, %v", got, err)
	}
	want(t, s, 42, `SELECT n FROM probe`)
}

func updateFails(t *testing.T, s *store.Store) {
	err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return errors.Join(put(ctx, tx, "a", 1), errMine)
	})
	if !errors.Is(err, errMine) {
		t.Errorf("got %v, want the function's error", err)
	}
	want(t, s, 0, `SELECT count(*) FROM probe`)
}

func swallowedError(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 1))
	errs := together(func(i int) error {
		return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			_ = put(ctx, tx, key(i), 1)
			_ = put(ctx, tx, "a", 2)        // fails
			_ = put(ctx, tx, key(i)+"b", 1) // must not be stored on its own
			return nil
		})
	})
	if n := count(errs, func(err error) bool { return errors.Is(err, store.ErrConflict) }); n != callers {
		t.Errorf("%d of %d callers learnt of their conflict: %v", n, callers, errs)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)
}

func forgottenCursor(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 1), insert("b", 2))
	const all = `SELECT id FROM probe ORDER BY id`
	errs := together(func(i int) error {
		return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			outer, err := tx.Query(ctx, `UPDATE probe SET n = n + 1 RETURNING id`)
			if err != nil || !outer.Next() {
				return errors.Join(errMine, err)
			}
			if s.Postgres() {
				return nil // one cursor at a time there
			}
			for range 2 { // the same text twice, both open
				if rows, err := tx.Query(ctx, all); err != nil || !rows.Next() {
					return errors.Join(errMine, err)
				}
			}
			return nil
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want(t, s, 3+2*callers, `SELECT CAST(sum(n) AS BIGINT) FROM probe`)
}

func transactionOver(t *testing.T, s *store.Store) {
	var kept store.Tx
	if err := s.Update(t.Context(), func(_ context.Context, tx store.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Exec(t.Context(), `DELETE FROM probe`); err == nil {
		t.Error("a transaction that is over took a write")
	}
	if _, err := kept.Query(t.Context(), `SELECT 1`); err == nil {
		t.Error("a transaction that is over took a read")
	}
}

func nested(t *testing.T, s *store.Store) {
	err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		inner := s.Update(ctx, func(context.Context, store.Tx) error { return nil })
		if inner == nil || s.Write(ctx, []store.Statement{insert("a", 1)}) == nil {
			t.Error("a nested transaction was accepted")
		}
		return put(ctx, tx, "b", 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)
}

func panics(t *testing.T, s *store.Store) {
	errs := together(func(i int) error {
		return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if err := put(ctx, tx, key(i), 1); err != nil {
				return err
			}
			if i%2 == 0 {
				panic(errMine)
			}
			return nil
		})
	})
	for i, err := range errs {
		if i%2 == 1 && err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
		if i%2 == 0 && (!errors.Is(err, errMine) || !strings.Contains(err.Error(), "panicked")) {
			t.Errorf("caller %d panicked and got %v", i, err)
		}
	}
	want(t, s, callers/2, `SELECT count(*) FROM probe`)
}

func goexit(t *testing.T, s *store.Store) {
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				if err := put(ctx, tx, key(i), 1); err != nil || i%2 == 1 {
					return err
				}
				runtime.Goexit()
				return nil
			})
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	mustWrite(t, s, insert("after", 0))
	want(t, s, callers/2, `SELECT count(*) FROM probe WHERE n = 1`)
}
