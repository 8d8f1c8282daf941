package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// backup copies through VACUUM INTO, which sees one moment of the database and
// does not stop the writer. The copy appears under its name only when it is
// whole and on disk.
func (d *sqliteDB) backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: backup: %s exists: give a new name", path)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := d.vacuumInto(ctx, part); err != nil {
		return errors.Join(fmt.Errorf("store: backup: %w", err), removeIfThere(part))
	}
	if err := publish(part, path); err != nil {
		return errors.Join(fmt.Errorf("store: backup: %w", err), removeIfThere(part))
	}
	return nil
}

func (d *sqliteDB) vacuumInto(ctx context.Context, path string) error {
	// SQLite keeps the mode of an empty file that it finds: nobody else reads
	// the copy, not even while it is written.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := openSQLiteConn(ctx, d.db)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.exec(ctx, "VACUUM INTO $1", path)
	return err
}

// publish syncs the file and gives it its name.
func publish(part, path string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path)) // the name must survive a power cut too
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
