package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDB is the SQLite side of a Store: one writer, a pool of readers, and
// the lock that keeps a second process away.
type sqliteDB struct {
	path    string
	lock    *fileLock
	db      *sql.DB // connections that write
	readDB  *sql.DB // connections that cannot
	readers *sqliteReaders
	writer  *sqliteWriter
	stopped chan struct{}
}

// openSQLite opens the file, making it and its folder when they are missing:
// readable by this user only, because every tenant's documents are in it.
func openSQLite(ctx context.Context, cfg Config, st *stats) (*sqliteDB, error) {
	path, err := sqlitePath(strings.TrimPrefix(cfg.URL, "sqlite:"))
	if err != nil {
		return nil, err
	}
	d := &sqliteDB{path: path, stopped: make(chan struct{})}
	if !cfg.Admin {
		if d.lock, err = lockFile(path); err != nil {
			return nil, err
		}
	}
	if err := d.connect(ctx, cfg, st); err != nil {
		_ = d.release()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return d, nil
}

func (d *sqliteDB) connect(ctx context.Context, cfg Config, st *stats) error {
	var err error
	if d.db, err = sqlitePool(cfg, d.path); err != nil {
		return err
	}
	// Readers cannot write, whatever SQL they are given.
	if d.readDB, err = sqlitePool(cfg, d.path, "query_only(1)"); err != nil {
		return err
	}
	conn, err := openSQLiteConn(ctx, d.db)
	if err != nil {
		return err
	}
	d.readers = newSQLiteReaders(d.readDB, cfg.MaxConns)
	d.writer = &sqliteWriter{db: d.db, conn: conn, queue: newQueue(cfg.GroupLimit), stats: st}
	return nil
}

// start lets the writer run; before, the connection belongs to migrations.
func (d *sqliteDB) start() {
	go func() {
		defer close(d.stopped)
		d.writer.run()
	}()
}

// sqlitePath makes the file and gives its absolute path without symbolic
// links, so that two names of one file have one lock.
func sqlitePath(name string) (string, error) {
	if name == "" || strings.Contains(name, ":memory:") {
		return "", fmt.Errorf("store: URL names no file (%q): give sqlite:PATH, because accepted work must survive a restart", name)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return filepath.Abs(path)
}

// sqlitePool gives connections that are closed when they are given back: who
// wants to keep one keeps it.
func sqlitePool(cfg Config, path string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", cfg.BusyTimeout.Milliseconds()), // first: the others may have to wait
		"journal_mode(WAL)",
		"synchronous(" + cfg.Synchronous + ")",
		"temp_store(MEMORY)", // savepoints keep the pages they may undo here
		"foreign_keys(1)",
		fmt.Sprintf("wal_autocheckpoint(%d)", cfg.CheckpointPages),
		fmt.Sprintf("journal_size_limit(%d)", 2*4096*cfg.CheckpointPages),
	}, pragmas...)}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	if cfg.wrap != nil {
		connector = cfg.wrap(connector)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(-1)
	return db, nil
}

func (d *sqliteDB) write(ctx context.Context, statements []Statement) error {
	return d.writer.queue.do(newMember(ctx, statements, nil))
}

func (d *sqliteDB) update(ctx context.Context, fn func(context.Context, Tx) error) error {
	return d.writer.queue.do(newMember(ctx, nil, fn))
}

func (d *sqliteDB) reader() Querier { return d.readers }

func (d *sqliteDB) ping(ctx context.Context) error {
	rows, err := d.readers.Query(ctx, "SELECT count(*) FROM schema_version")
	if err != nil {
		return err
	}
	rows.Next()
	rows.Close()
	return rows.Err()
}

// close serves those who wait, then ends the writer and the readers.
func (d *sqliteDB) close() error {
	d.writer.queue.close()
	<-d.stopped
	return d.release()
}

// release closes whatever is open, the lock last: the next process must find a
// file that nobody writes.
func (d *sqliteDB) release() error {
	if d.readers != nil {
		d.readers.close()
	}
	for _, db := range []*sql.DB{d.readDB, d.db} {
		if db != nil {
			_ = db.Close()
		}
	}
	return d.lock.release()
}
