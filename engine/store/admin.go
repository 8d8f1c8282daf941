package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// mayMigrate lets nodes migrate, and an administrative process where no node
// serves and nothing forbids it: migrating under a node of an older build would surprise it.
func (s *Store) mayMigrate(ctx context.Context, tx Tx, at, known int64) error {
	if s.cfg.NoMigrate {
		return fmt.Errorf("%w: it is at version %d, this build at %d: run afara migrate", ErrOlder, at, known)
	}
	if !s.cfg.Admin || at == 0 {
		return nil
	}
	served, err := s.db.served(ctx, tx, s.cfg.Now())
	if err != nil || !served {
		return err
	}
	return fmt.Errorf("%w: it is at version %d, this build at %d: use the build that serves it, or stop that one and run afara migrate", ErrServed, at, known)
}

// served implements database: a node holds the file's lock. Without one the
// lock is shared with this process, so that none starts during the migration.
func (d *sqliteDB) served(context.Context, Tx, time.Time) (bool, error) {
	if d.lock != nil {
		return false, nil
	}
	lock, err := shareLock(d.path)
	if errors.Is(err, ErrLocked) {
		return true, nil
	}
	d.lock = lock
	return false, err
}

// served implements database: a node's heartbeat has not lapsed. A node that
// starts meanwhile waits for the lock of the migrations.
func (d *postgresDB) served(ctx context.Context, tx Tx, now time.Time) (bool, error) {
	rows, err := tx.Query(ctx, `SELECT count(*) FROM node WHERE stopped_at = 0 AND heartbeat_at > $1`, domain.Micros(now.Add(-LapseAfter)))
	if err != nil {
		return false, err
	}
	defer rows.Close()
	var live int64
	for rows.Next() {
		if err := rows.Scan(&live); err != nil {
			return false, err
		}
	}
	return live > 0, rows.Err()
}
