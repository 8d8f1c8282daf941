package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
)

// backupCmd copies the embedded database while nodes use it.
type backupCmd struct {
	installation
	Path string `arg:"" help:"File to write; it must not exist."`
}

// Run writes the copy. Without the master key beside it a copy opens no secret.
func (c *backupCmd) Run(ctx context.Context, p program) error {
	log, err := telemetry.NewLogger(p.err, "text", slog.LevelWarn)
	if err != nil {
		return err
	}
	cfg := c.storeConfig(log)
	cfg.NoMigrate = true // a copy made before an upgrade is one of the old schema
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Backup(ctx, c.Path); err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Keep the master key too (AFARA_MASTER_KEY, or %s/master.key), but elsewhere: the copy's secrets open with it only.\n", c.DataDir)
	fmt.Fprintln(p.err, "After a restore run afara recover --restored-to <time of this backup> before afara serve.")
	_, err = fmt.Fprintln(p.out, c.Path)
	return err
}
