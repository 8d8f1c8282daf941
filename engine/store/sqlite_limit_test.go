package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// A LIMIT that is a parameter alone had SQLite prepare the statement anew at each
// run: a tenth of what a payment cost the engine.
func TestSQLiteKeepsAStatementWithALimitPrepared(t *testing.T) {
	t.Parallel()
	var seen []string // by the one goroutine that writes
	s := storetest.SQLite(t, storetest.Tables, store.Inject(func(sql string) error {
		if strings.Contains(sql, "LIMIT") {
			seen = append(seen, sql)
		}
		return nil
	}))
	for _, id := range []string{"a", "b", "c"} {
		if err := s.Write(t.Context(), row(id, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int64{2, 0, 3, 1} {
		var got int64
		err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			rows, err := tx.Query(ctx, `SELECT id FROM probe WHERE id >= $1 ORDER BY id LIMIT $2`, "a", limit)
			if err != nil {
				return err
			}
			defer rows.Close()
			for got = 0; rows.Next(); got++ {
			}
			return rows.Err()
		})
		if err != nil || got != limit {
			t.Errorf("limit %d: %d rows, %v", limit, got, err)
		}
	}
	if len(seen) == 0 || slices.ContainsFunc(seen, func(sql string) bool { return strings.Contains(sql, "LIMIT $") }) {
		t.Errorf("SQLite was given %q", seen)
	}
}
