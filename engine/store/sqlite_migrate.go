package store

import (
	"context"
	"errors"
	"time"
)

// sqliteMigration is a Tx on the writer's connection, before the writer runs.
type sqliteMigration struct{ *sqliteTx }

func (m sqliteMigration) script(ctx context.Context, sql string) error {
	return m.check(m.conn.script(ctx, sql))
}

func (m sqliteMigration) bytesType() string { return "BLOB" }

func (m sqliteMigration) clustered() string { return " WITHOUT ROWID" }

// migrate holds SQLite's write lock: no other program changes the schema.
func (d *sqliteDB) migrate(ctx context.Context, fn func(context.Context, migration) error) error {
	if err := d.writer.begin(ctx); err != nil {
		return err
	}
	tx := &sqliteTx{conn: d.writer.conn}
	err := fn(ctx, sqliteMigration{tx})
	tx.end()
	if err = errors.Join(err, tx.lost); err != nil {
		d.writer.reset(context.WithoutCancel(ctx))
		return err
	}
	return d.writer.step(ctx, "COMMIT")
}

// offset is 0: SQLite runs inside this process.
func (d *sqliteDB) offset(context.Context) (time.Duration, error) { return 0, nil }
