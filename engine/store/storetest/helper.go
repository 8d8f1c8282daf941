package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/store"
)

// callers is how many take part in each race.
const callers = 32

// insert is a statement that stores one row.
func insert(id string, n int64) store.Statement {
	return store.Statement{SQL: `INSERT INTO probe (id, n) VALUES ($1, $2)`, Args: []any{id, n}, Rows: 1}
}

// fenced is a statement that stores only under an epoch.
func fenced(id string, epoch int64) store.Statement {
	return store.Statement{SQL: `UPDATE probe SET epoch = epoch + 1 WHERE id = $1 AND epoch = $2`, Args: []any{id, epoch}, Rows: 1}
}

// mustWrite stores statements.
func mustWrite(t *testing.T, s *store.Store, statements ...store.Statement) {
	t.Helper()
	if err := s.Write(t.Context(), statements); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// number reads one integer.
func number(t *testing.T, q store.Querier, sql string, args ...any) int64 {
	t.Helper()
	rows, err := q.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	defer rows.Close()
	var n int64
	if rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatalf("scan: %v", err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("rows: %v", err)
	}
	return n
}

// want fails unless the query gives n.
func want(t *testing.T, s *store.Store, n int64, sql string, args ...any) {
	t.Helper()
	if got := number(t, s.Reader(), sql, args...); got != n {
		t.Errorf("%s %v = %d, want %d", sql, args, got, n)
	}
}

// together runs fn for each caller at the same moment and gives their errors.
func together(fn func(i int) error) []error {
	errs := make([]error, callers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// count is how many of errs fulfil is.
func count(errs []error, is func(error) bool) int {
	n := 0
	for _, err := range errs {
		if is(err) {
			n++
		}
	}
	return n
}

// Await polls until done, or fails at the deadline.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(deadline)
	defer end.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("waited %s for %s", deadline, what)
		}
	}
}

func key(i int) string { return fmt.Sprintf("key_%03d", i) }
