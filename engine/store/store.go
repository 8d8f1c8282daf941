// Package store is the mechanism under every table: it opens SQLite or
// PostgreSQL, commits transactions (many callers in one commit), runs
// migrations, and owns the rows that drive work: work, gate, node, lease.
// It knows no noun: what a Change means in SQL is said by the packages that
// own the tables, as data (Statement).
//
// One set of SQL serves both databases; the rules are in docs/decisions.
package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"
)

// Errors that callers tell apart. Driver errors become one of these here and
// nowhere else.
var (
	// ErrStale is a fenced write that touched no row: somebody else owns it.
	ErrStale = errors.New("store: fenced off: the row has another epoch")
	// ErrConflict is a unique constraint or a conditional insert that lost.
	ErrConflict = errors.New("store: conflict")
	// ErrUnavailable is a database that cannot be reached, is full or fails to
	// write. Nothing of the caller's change was stored.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrUnknown is a commit whose outcome nobody knows: re-read, never rerun.
	ErrUnknown = errors.New("store: outcome of the commit is unknown")
	// ErrNotFound is a row that is not there.
	ErrNotFound = errors.New("store: not found")
	// ErrLocked is a SQLite file that another process serves.
	ErrLocked = errors.New("store: another process serves this file")
	// ErrNewer is a database that a newer build has migrated.
	ErrNewer = errors.New("store: the database is newer than this build")
	// ErrServed is a database that must be migrated while nodes of an older
	// build serve it.
	ErrServed = errors.New("store: a node of an older build serves this database")
	// ErrOlder is a database that should have been migrated first.
	ErrOlder = errors.New("store: the database is older than this build")
)

// AnyRows as Statement.Rows means that every count is right.
const AnyRows = -1

// Statement is one write as data: the SQL, its arguments, and how many rows it
// must touch for the change to be true.
type Statement struct {
	SQL  string
	Args []any
	// Rows is the number of rows that must be touched; AnyRows for no matter.
	Rows int64
	// Err is what the caller gets when the count differs; nil means ErrStale.
	Err error
	// Into takes the integer that the statement's RETURNING clause gives, from the
	// last row if there are several. It is true only once the change is stored.
	Into *int64
}

// Querier reads. Both a transaction and the read pool are one.
type Querier interface {
	// Query runs a read. The caller closes the Rows. SQL uses $1..$n in
	// ascending order of first use.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
}

// Rows is a cursor over a result.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Tx is one transaction (on SQLite: one member of a group commit), for one
// goroutine. A cursor is closed before the next statement runs.
type Tx interface {
	Querier
	// Exec runs a write and returns how many rows it touched. The first error
	// dooms the transaction on both databases, even when it is not passed on:
	// expect none, use ON CONFLICT.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
}

// Config says which database to open and how.
type Config struct {
	// URL is "sqlite:PATH" (or a plain path) or "postgres://…". Required.
	URL string
	// Synchronous is SQLite's setting: "FULL" (default: a commit survives a
	// power cut) or "NORMAL" (it survives a crash of the process only).
	Synchronous string
	// MaxConns bounds PostgreSQL connections and SQLite readers. Default 8, at
	// least 4.
	MaxConns int
	// Writers is how many group commits run side by side on PostgreSQL.
	// Default 2. SQLite has one writer, always.
	Writers int
	// GroupLimit bounds the callers in one commit. Default 256.
	GroupLimit int
	// CheckpointPages is the length of SQLite's write-ahead log, in pages of
	// 4 KiB, at which it is written back. Default 4000 (16 MB).
	CheckpointPages int
	// BusyTimeout is how long SQLite waits for a lock that another program
	// holds. Default 10 s.
	BusyTimeout time.Duration
	// CommitTimeout bounds one transaction on PostgreSQL, so that a silent
	// network cannot stop the writers. Default 30 s.
	CommitTimeout time.Duration
	// Admin opens beside a running node: on SQLite without the lock that keeps
	// a second node away. It never migrates what a node serves: that is
	// ErrServed.
	Admin bool
	// NoMigrate refuses with ErrOlder what would have to be migrated.
	NoMigrate bool
	// Migrations replaces the embedded ones; nil means those.
	Migrations fs.FS
	// Observe is told of each commit. It runs on the writer: return at once.
	Observe func(Commit)
	Log     *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time

	// wrap lets tests stand between SQLite's driver and this package.
	wrap func(driver.Connector) driver.Connector
}

// withDefaults fills what is zero and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	if c.URL == "" {
		return c, errors.New("store: URL is empty: give sqlite:PATH or postgres://…")
	}
	if c.Synchronous = strings.ToUpper(c.Synchronous); c.Synchronous == "" {
		c.Synchronous = "FULL"
	}
	if c.Synchronous != "FULL" && c.Synchronous != "NORMAL" {
		return c, fmt.Errorf("store: Synchronous is %q: use FULL or NORMAL", c.Synchronous)
	}
	for _, n := range []struct {
		name     string
		field    *int
		fallback int
	}{
		{"MaxConns", &c.MaxConns, 8}, {"Writers", &c.Writers, 2},
		{"GroupLimit", &c.GroupLimit, 256}, {"CheckpointPages", &c.CheckpointPages, 4000},
	} {
		if *n.field < 0 {
			return c, fmt.Errorf("store: %s is %d: use a positive number, or 0 for the default %d", n.name, *n.field, n.fallback)
		}
		if *n.field == 0 {
			*n.field = n.fallback
		}
	}
	c.MaxConns = max(c.MaxConns, 4)
	if c.BusyTimeout <= 0 {
		c.BusyTimeout = 10 * time.Second
	}
	if c.CommitTimeout <= 0 {
		c.CommitTimeout = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
