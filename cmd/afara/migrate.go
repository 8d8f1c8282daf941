package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
)

// migrateCmd brings the schema to this build's. A node does it at its start;
// this is for whoever wants it done before. On PostgreSQL nodes of the previous
// release may run meanwhile; a SQLite file must not be served.
type migrateCmd struct{ installation }

// Run prints the version that the database is at then.
func (c *migrateCmd) Run(ctx context.Context, p program) error {
	log, err := telemetry.NewLogger(p.err, "text", slog.LevelWarn)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{URL: c.DatabaseURL.Reveal(), Log: log})
	if err != nil {
		return err
	}
	defer s.Close()
	at, err := s.Version(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "schema version %d\n", at)
	return err
}
