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
	"errors"
	"log/slog"
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

// Tx is one transaction (on SQLite: one member of a group commit).
type Tx interface {
	Querier
	// Exec runs a write and returns how many rows it touched. An error aborts
	// the transaction on PostgreSQL: expect none, use ON CONFLICT.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
}

// Config says which database to open and how.
type Config struct {
	// URL is "sqlite:PATH" (or a plain path) or "postgres://…". Required.
	URL string
	// Synchronous is SQLite's setting: "FULL" (default) or "NORMAL".
	Synchronous string
	// MaxConns bounds PostgreSQL connections and SQLite readers. Default 8.
	MaxConns int
	// CheckpointEvery etc. keep their defaults when zero.
	BusyTimeout time.Duration // default 10 s
	Log         *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
}
