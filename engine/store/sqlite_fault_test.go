package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

const callers = 32

// row inserts one row of size bytes under id.
func row(id string, size int) []store.Statement {
	return []store.Statement{{SQL: `INSERT INTO probe (id, raw) VALUES ($1, $2)`, Args: []any{id, bytes.Repeat([]byte("x"), size)}, Rows: 1}}
}

// together runs fn in many goroutines at once.
func together(fn func(i int) error) []error {
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	return errs
}

// stored counts the rows whose id starts with prefix.
func stored(t *testing.T, s *store.Store, prefix string) (n int) {
	t.Helper()
	rows, err := s.Reader().Query(t.Context(), `SELECT count(*) FROM probe WHERE id LIKE $1`, prefix+"%")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// truthful checks that nil means stored and an error means not, and that every
// error is ErrUnavailable. It gives how many were stored.
func truthful(t *testing.T, s *store.Store, errs []error, id func(i int) string) int {
	t.Helper()
	n := 0
	for i, err := range errs {
		if got := stored(t, s, id(i)); (err == nil) != (got == 1) {
			t.Errorf("%s: error %v with %d rows stored", id(i), err, got)
		}
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v is not ErrUnavailable", id(i), err)
		}
		if err == nil {
			n++
		}
	}
	return n
}

// A full disk: SQLite rolls the whole transaction back by itself. Those who
// still fit are stored, the others learn it, and with room all goes on.
func TestSQLiteOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, storetest.Tables)
	pages := func(n int) {
		if err := s.Write(t.Context(), []store.Statement{{SQL: fmt.Sprintf("PRAGMA max_page_count = %d", n), Rows: store.AnyRows}}); err != nil {
			t.Fatal(err)
		}
	}
	pages(60)
	full := 0
	for round := range 6 {
		id := func(i int) string { return fmt.Sprintf("r%d_%02d_", round, i) }
		errs := together(func(i int) error { return s.Write(t.Context(), row(id(i), 3000)) })
		full += callers - truthful(t, s, errs, id)
	}
	if full == 0 {
		t.Fatal("the disk was never full")
	}
	if err := s.Stats().LastError; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("last error %v", err)
	}
	pages(100000)
	if err := s.Write(t.Context(), row("after", 3000)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// An update that swallows the error of a transaction that SQLite has rolled
// back must not go on outside of any.
func TestSQLiteRollsBackUnderASwallowedError(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	s := storetest.SQLite(t, storetest.Tables, store.Inject(func(sql string) error {
		if broken.Load() && strings.Contains(sql, "'spoiler'") {
			return store.ErrRolledBack
		}
		return nil
	}))
	broken.Store(true)
	errs := together(func(i int) error {
		return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if i%4 == 0 {
				_, _ = tx.Exec(ctx, `INSERT INTO probe (id) VALUES ('spoiler')`)
			}
			_, err := tx.Exec(ctx, `INSERT INTO probe (id) VALUES ($1)`, fmt.Sprintf("u%02d", i))
			if i%4 == 0 {
				return nil
			}
			return err
		})
	})
	n := truthful(t, s, errs, func(i int) string { return fmt.Sprintf("u%02d", i) })
	if n != callers*3/4 {
		t.Errorf("%d callers stored, want all %d that did not meet the error", n, callers*3/4)
	}
}

// A COMMIT that does not work stores nobody; each is run again alone.
func TestSQLiteWhenCommitFails(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{
		"the transaction stays open": errors.New("injected: disk I/O error"),
		"SQLite has rolled back":     store.ErrRolledBack,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failing atomic.Int64
			s := storetest.SQLite(t, storetest.Tables, store.Inject(func(sql string) error {
				if sql == "COMMIT" && failing.Add(-1) >= 0 {
					return cause
				}
				return nil
			}))
			id := func(round string) func(int) string {
				return func(i int) string { return fmt.Sprintf("%s%02d", round, i) }
			}
			failing.Store(1) // one group is lost, its members are stored alone
			errs := together(func(i int) error { return s.Write(t.Context(), row(id("once")(i), 10)) })
			if n := truthful(t, s, errs, id("once")); n != callers {
				t.Errorf("%d stored after one failed commit: %v", n, errs)
			}
			failing.Store(1 << 30) // a disk that stays broken
			errs = together(func(i int) error { return s.Write(t.Context(), row(id("never")(i), 10)) })
			if n := truthful(t, s, errs, id("never")); n != 0 {
				t.Errorf("%d stored without a commit", n)
			}
			failing.Store(0)
			if err := s.Write(t.Context(), row("after", 10)); err != nil {
				t.Errorf("once it is repaired: %v", err)
			}
		})
	}
}

// A connection that cannot even roll back is thrown away.
func TestSQLiteReplacesABrokenConnection(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	s := storetest.SQLite(t, storetest.Tables, store.Inject(func(sql string) error {
		if broken.Load() && (sql == "COMMIT" || sql == "ROLLBACK") {
			return errors.New("injected: out of order")
		}
		return nil
	}))
	broken.Store(true)
	if err := s.Write(t.Context(), row("a", 10)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	broken.Store(false)
	if err := s.Write(t.Context(), row("b", 10)); err != nil {
		t.Errorf("on a new connection: %v", err)
	}
	if stored(t, s, "a") != 0 || stored(t, s, "b") != 1 {
		t.Error("the broken transaction was stored, or the next one was not")
	}
}

// A real I/O error: the kernel refuses to let a file grow. The limit holds for
// a whole process, so this one runs in its own.
func TestSQLiteOnAnIOError(t *testing.T) {
	t.Parallel()
	const flag = "AFARA_TEST_IO_ERROR"
	if os.Getenv(flag) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSQLiteOnAnIOError$", "-test.v")
		cmd.Env = append(os.Environ(), flag+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // the write then fails with EFBIG
	path := filepath.Join(t.TempDir(), "io.db")
	s := storetest.SQLite(t, storetest.Tables, func(c *store.Config) { c.URL = path })
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(cur uint64) {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: cur, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
	}
	limit(400 << 10)
	failed := 0
	for round := range 6 {
		id := func(i int) string { return fmt.Sprintf("r%d_%02d_", round, i) }
		errs := together(func(i int) error { return s.Write(t.Context(), row(id(i), 3000)) })
		failed += callers - truthful(t, s, errs, id)
	}
	limit(before.Cur)
	if failed == 0 {
		t.Fatal("no write failed")
	}
	if err := s.Write(t.Context(), row("after", 10)); err != nil {
		t.Errorf("when the disk is well again: %v", err)
	}
}
