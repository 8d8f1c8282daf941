package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/telemetry"
)

// recoverCmd makes a restored database safe to serve: what vendors were told
// after the backup is not in it, so every unfinished message asks first.
type recoverCmd struct {
	config.Config
	RestoredTo time.Time `name:"restored-to" help:"The moment that the database was restored to, as 2026-01-31T14:05:00Z." required:"" placeholder:"TIME"`
}

// Run recovers and says what became of how many messages. No node may run.
func (c *recoverCmd) Run(ctx context.Context, p program) error {
	log, err := telemetry.NewLogger(p.err, c.LogFormat, c.LogLevel)
	if err != nil {
		return err
	}
	e, err := engine.New(ctx, engine.Config{Settings: &c.Config, Log: log, Version: buildVersion()})
	if err != nil {
		return err
	}
	err = c.recover(ctx, p, e)
	return errors.Join(err, e.Host.Close(ctx), e.Close())
}

func (c *recoverCmd) recover(ctx context.Context, p program, e *engine.Engine) error {
	programs, err := e.Registry.Programs(ctx)
	if err != nil {
		return err
	}
	for _, ref := range programs {
		e.Host.Need(ref.Connector, ref.Environment)
	}
	// A reference that was not prepared yet is prepared now, by the connector.
	if err := waitReady(ctx, e.Host, connectorStart, programs...); err != nil {
		return err
	}
	out, err := e.Pipeline.Recover(ctx, c.RestoredTo)
	if err != nil {
		return err
	}
	if out.Later > 0 {
		fmt.Fprintf(p.err, "%d messages changed after %s: either the time is too early, or a node has run since the restore. They were treated like the others.\n",
			out.Later, c.RestoredTo.Format(time.RFC3339))
	}
	_, err = fmt.Fprintf(p.out, "%d look up before they send, %d held for a person (GET /si/dlq), %d go on as they were\n", out.Lookups, out.Held, out.Left)
	return err
}
