package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
)

//go:embed migrations
var embedded embed.FS

var (
	migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.sql$`)
	bytesType     = regexp.MustCompile(`\bBYTES\b`)
	clustered     = regexp.MustCompile(`\) CLUSTERED;`)
)

// migration is the transaction that a migration runs in.
type migration interface {
	Tx
	// script runs several statements in one text, without arguments.
	script(ctx context.Context, sql string) error
	// bytesType is what BYTES means in this database's SQL.
	bytesType() string
	// clustered is what CLUSTERED means behind a table: its rows lie in the
	// order of the primary key, without an index beside them.
	clustered() string
}

// step is one migration file.
type step struct {
	version int64
	name    string
	sql     string
}

// migrate brings the schema to the newest step, each in a transaction with its
// row in schema_version, and refuses a database that a newer build has
// migrated. Two nodes that start together do each step once.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := loadSteps(s.cfg.Migrations)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for done := false; !done; {
		err := s.db.migrate(ctx, func(ctx context.Context, tx migration) (err error) {
			done, err = s.migrateOne(ctx, tx, steps)
			return err
		})
		if err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
	}
	return nil
}

// migrateOne does the next step, if there is one.
func (s *Store) migrateOne(ctx context.Context, tx migration, steps []step) (done bool, err error) {
	err = tx.script(ctx, `CREATE TABLE IF NOT EXISTS schema_version (
		version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return false, err
	}
	at, err := schemaVersion(ctx, tx)
	if err != nil {
		return false, err
	}
	if at > int64(len(steps)) {
		return false, fmt.Errorf("%w: it is at version %d, this build knows %d: start a build at least as new", ErrNewer, at, len(steps))
	}
	if at == int64(len(steps)) {
		return true, nil
	}
	if err := s.mayMigrate(ctx, tx, at, int64(len(steps))); err != nil {
		return false, err
	}
	next := steps[at]
	text := bytesType.ReplaceAllString(next.sql, tx.bytesType())
	text = clustered.ReplaceAllString(text, ")"+tx.clustered()+";")
	if err := tx.script(ctx, text); err != nil {
		return false, fmt.Errorf("%s: %w", next.name, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)`,
		next.version, next.name, s.cfg.Now().UnixMicro())
	return false, err
}

// Version is the number of the newest migration in the database.
func (s *Store) Version(ctx context.Context) (int64, error) {
	return schemaVersion(ctx, s.Reader())
}

func schemaVersion(ctx context.Context, q Querier) (v int64, err error) {
	rows, err := q.Query(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&v); err != nil {
			return 0, err
		}
	}
	return v, rows.Err()
}

// loadSteps reads and checks the migration files: numbered from 1, no gap.
func loadSteps(fsys fs.FS) ([]step, error) {
	if fsys == nil {
		sub, err := fs.Sub(embedded, "migrations")
		if err != nil {
			return nil, err
		}
		fsys = sub
	}
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	steps := make([]step, 0, len(names))
	for i, name := range names {
		m := migrationName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("migration %s: name it NNNN_name.sql, in small letters", name)
		}
		version, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || version != int64(i)+1 {
			return nil, fmt.Errorf("migration %s: its number must be %04d: one file per number, no gap", name, i+1)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		steps = append(steps, step{version: version, name: name, sql: string(text)})
	}
	return steps, nil
}
