// Package storetest is the one suite that SQLite and PostgreSQL both pass, and
// the shortest way for another package's test to a store.
package storetest

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
)

// deadline is how long a test waits for what must happen.
const deadline = 20 * time.Second

// Each runs fn on an empty SQLite store and on an empty PostgreSQL store, in
// parallel, with the tables of the program.
func Each(t *testing.T, fn func(t *testing.T, s *store.Store)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, open(t))
		})
	}
}

// SQLite opens a store on a new file, closed when t ends.
func SQLite(t testing.TB, change ...func(*store.Config)) *store.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), change)
}

// Postgres opens a store on a new database of a real server, closed when t
// ends.
func Postgres(t testing.TB, change ...func(*store.Config)) *store.Store {
	t.Helper()
	return open(t, testserver.Postgres(t), change)
}

func open(t testing.TB, url string, change []func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{URL: url}
	for _, c := range change {
		c(&cfg)
	}
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// Tables is a Config change that replaces the program's tables by those of
// Exercise.
func Tables(c *store.Config) { c.Migrations = Migrations() }

// Migrations are the tables that Exercise works on.
func Migrations() fs.FS {
	return fstest.MapFS{
		"0001_probe.sql": {Data: []byte(`
			CREATE TABLE probe (
				id    TEXT PRIMARY KEY,
				n     BIGINT NOT NULL DEFAULT 0,
				epoch BIGINT NOT NULL DEFAULT 0,
				owner TEXT,
				raw   BYTES
			);
			CREATE UNIQUE INDEX probe_owner ON probe (owner) WHERE n >= 0;
		`)},
		"0002_log.sql": {Data: []byte(`CREATE TABLE log (id TEXT PRIMARY KEY, note TEXT NOT NULL);`)},
	}
}

// Exercise proves the promises of a Store. open gives a store on an empty
// database with the tables of Migrations; it is called once per subtest.
func Exercise(t *testing.T, open func(t testing.TB) *store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *store.Store)
	}{
		{"a write is stored whole or not at all", writeIsAtomic},
		{"a wrong count gives the statement's own error", wrongCount},
		{"a write gives back what it returns", returned},
		{"a duplicate is a conflict", duplicate},
		{"a failing caller does not fail its neighbours", neighbours},
		{"values come back as they went in", values},
		{"text and bytes mean the same on both databases", textAndBytes},
		{"a bad argument is named and stores nothing", badArguments},
		{"an update reads its own writes", updateReads},
		{"an update that fails stores nothing", updateFails},
		{"a swallowed error still dooms the update", swallowedError},
		{"a forgotten cursor does no harm", forgottenCursor},
		{"a transaction ends with its function", transactionOver},
		{"a write inside an update is refused", nested},
		{"a panic is its caller's error only", panics},
		{"a goroutine that ends inside its update stops nobody", goexit},
		{"a caller cancelled before its turn stored nothing", cancelledBefore},
		{"a caller cancelled in the queue leaves at once", cancelledInQueue},
		{"a caller cancelled too late gets the true outcome", cancelledLate},
		{"cancelled callers never lie", cancelledAtRandom},
		{"of 32 inserts of one key one wins", uniqueWins},
		{"of 32 inserts of one owner one wins", uniqueIndexWins},
		{"of 32 fenced writes one wins", fenceWins},
		{"32 callers count without a gap", counter},
		{"32 callers never overdraw", overdraw},
		{"32 callers claim each row once", claims},
		{"rows taken in opposite order end well", opposite},
		{"a reader sees what is committed", readerSees},
		{"a reader's context ends its read", readerCancelled},
		{"cursors that end give their connection back", cursorsReturn},
		{"commits are counted", counted},
		{"a closed store says so", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}
