package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/store"
)

func uniqueWins(t *testing.T, s *store.Store) {
	errs := together(func(i int) error { return s.Write(t.Context(), []store.Statement{insert("one", int64(i))}) })
	lost := count(errs, func(err error) bool { return errors.Is(err, store.ErrConflict) })
	if won := count(errs, func(err error) bool { return err == nil }); won != 1 || lost != callers-1 {
		t.Errorf("%d won, %d lost: %v", won, lost, errs)
	}
	want(t, s, 1, `SELECT count(*) FROM probe`)
}

// uniqueIndexWins goes through a partial index and ON CONFLICT, half by Write
// and half by Update.
func uniqueIndexWins(t *testing.T, s *store.Store) {
	const reserve = `INSERT INTO probe (id, owner) VALUES ($1, $2) ON CONFLICT (owner) WHERE n >= 0 DO NOTHING`
	errs := together(func(i int) error {
		if i%2 == 0 {
			return s.Write(t.Context(), []store.Statement{{SQL: reserve, Args: []any{key(i), "me"}, Rows: 1, Err: errMine}})
		}
		return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			n, err := tx.Exec(ctx, reserve, key(i), "me")
			if err == nil && n == 0 {
				return errMine
			}
			return err
		})
	})
	lost := count(errs, func(err error) bool { return errors.Is(err, errMine) })
	if won := count(errs, func(err error) bool { return err == nil }); won != 1 || lost != callers-1 {
		t.Errorf("%d won, %d lost: %v", won, lost, errs)
	}
}

func fenceWins(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("row", 0))
	for epoch := range int64(8) {
		errs := together(func(i int) error {
			id := fmt.Sprintf("%d_%s", epoch, key(i))
			return s.Write(t.Context(), []store.Statement{fenced("row", epoch), insert(id, 1)})
		})
		stale := count(errs, func(err error) bool { return errors.Is(err, store.ErrStale) })
		if won := count(errs, func(err error) bool { return err == nil }); won != 1 || stale != callers-1 {
			t.Errorf("epoch %d: %d won, %d stale: %v", epoch, won, stale, errs)
		}
	}
	want(t, s, 8, `SELECT count(*) FROM probe WHERE n = 1`)
}

// counter draws numbers from one row, half by Write and half by Update.
func counter(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("counter", 0))
	const rounds = 8
	var mu sync.Mutex
	drawn := map[int64]int{}
	errs := together(func(i int) error {
		for range rounds {
			if i%2 == 0 {
				err := s.Write(t.Context(), []store.Statement{{SQL: `UPDATE probe SET n = n + 1 WHERE id = $1`, Args: []any{"counter"}, Rows: 1}})
				if err != nil {
					return err
				}
				continue
			}
			n, err := draw(t.Context(), s)
			if err != nil {
				return err
			}
			mu.Lock()
			drawn[n]++
			mu.Unlock()
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want(t, s, rounds*callers, `SELECT n FROM probe`)
	if len(drawn) != rounds*callers/2 {
		t.Errorf("%d different numbers drawn, want %d", len(drawn), rounds*callers/2)
	}
}

func draw(ctx context.Context, s *store.Store) (n int64, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		rows, err := tx.Query(ctx, `UPDATE probe SET n = n + 1 WHERE id = $1 RETURNING n`, "counter")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return n, err
}

func overdraw(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("account", 100))
	errs := together(func(int) error {
		return s.Write(t.Context(), []store.Statement{{SQL: `UPDATE probe SET n = n - $1 WHERE id = $2 AND n >= $1`,
			Args: []any{7, "account"}, Rows: 1, Err: errMine}})
	})
	if n := count(errs, func(err error) bool { return err == nil }); n != 14 {
		t.Errorf("%d withdrawals of 7 from 100: %v", n, errs)
	}
	want(t, s, 2, `SELECT n FROM probe`)
}

func claims(t *testing.T, s *store.Store) {
	const rows = 200
	for i := range rows {
		mustWrite(t, s, insert(key(i), 0))
	}
	claim := `UPDATE probe SET epoch = epoch + 1, owner = NULL WHERE id IN (
		SELECT id FROM probe WHERE epoch = 0 ORDER BY id LIMIT $1` + s.SkipLocked() + `) RETURNING id`
	errs := together(func(int) error {
		for range 4 {
			_, err := claimSome(t.Context(), s, claim)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want(t, s, 0, `SELECT count(*) FROM probe WHERE epoch <> 1`)
}

func claimSome(ctx context.Context, s *store.Store, claim string) (ids []string, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		ids = nil
		rows, err := tx.Query(ctx, claim, 3)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

// opposite makes deadlocks on PostgreSQL: callers take two rows in both orders.
func opposite(t *testing.T, s *store.Store) {
	mustWrite(t, s, insert("a", 0), insert("b", 0))
	add := func(id string) store.Statement {
		return store.Statement{SQL: `UPDATE probe SET n = n + 1 WHERE id = $1`, Args: []any{id}, Rows: 1}
	}
	errs := together(func(i int) error {
		for range 4 {
			pair := []store.Statement{add("a"), add("b")}
			if i%2 == 0 {
				pair[0], pair[1] = pair[1], pair[0]
			}
			if err := s.Write(t.Context(), pair); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want(t, s, 2*4*callers, `SELECT CAST(sum(n) AS BIGINT) FROM probe`)
}
