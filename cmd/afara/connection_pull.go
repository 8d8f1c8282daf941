package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
)

// reads finds the connection and the reader of its streams for do.
func (c *oneConnection) reads(ctx context.Context, p program, do func(*pull.Service, *pluginhost.Host, registry.Connection) error) error {
	return c.with(ctx, p, func(o *office) error {
		return c.in(ctx, o, func(s *registry.Service, host *pluginhost.Host, n registry.Connection) error {
			pulls, err := o.pulls(s, host)
			if err != nil {
				return err
			}
			return do(pulls, host, n)
		})
	})
}

type connectionSyncCmd struct {
	oneConnection
	Stream string `help:"Only this stream; default: all of the connector." placeholder:"NAME"`
}

// Run queues the runs; a node that can read the streams begins within seconds.
func (c *connectionSyncCmd) Run(ctx context.Context, p program) error {
	return c.reads(ctx, p, func(s *pull.Service, _ *pluginhost.Host, n registry.Connection) error {
		if !n.Enabled || n.Paused != nil {
			return fmt.Errorf("connection: %s is disabled or paused, and is not read: enable it (afara connection enable %s)", n.ID, n.ID)
		}
		runs, err := s.Sync(ctx, engine.Pulled(n), c.Stream, operator)
		return list(p.out, []string{"ID", "STREAM", "STATE"}, runs, err, func(r pull.Run) []string {
			return []string{string(r.ID), r.Stream, string(r.State)}
		})
	})
}

type connectionPreviewCmd struct {
	oneConnection
	Stream string `arg:"" help:"Name of the stream (streams in the connector's manifest)."`
	Limit  int    `help:"How many records at most, 1 to 100." default:"10"`
}

// Validate bounds the limit.
func (c *connectionPreviewCmd) Validate() error {
	if c.Limit < 1 || c.Limit > pull.MaxPreview {
		return fmt.Errorf("limit: %d is not from 1 to %d", c.Limit, pull.MaxPreview)
	}
	return nil
}

// previewFor is how long a preview may take.
const previewFor = time.Minute

// Run starts the connector for this look alone and prints one record a line.
func (c *connectionPreviewCmd) Run(ctx context.Context, p program) error {
	return c.reads(ctx, p, func(s *pull.Service, host *pluginhost.Host, n registry.Connection) error {
		host.Need(n.Connector, n.Kind)
		if err := waitReady(ctx, host, connectorStart, n.Ref()); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, previewFor)
		defer cancel()
		seen, err := s.Preview(ctx, engine.Pulled(n), c.Stream, c.Limit)
		var refusal *domain.ConnectorError
		if errors.As(err, &refusal) {
			return fmt.Errorf("%s %s: %s: %w", n.Connector, n.ID, refusal.Class, err)
		}
		return list(p.out, []string{"KEY", "OCCURRED", "DOCUMENT"}, seen.Records, err, func(r domain.PulledRecord) []string {
			return []string{r.Key, day(r.OccurredAt), string(r.Document.Body)}
		})
	})
}

type connectionRunsCmd struct {
	oneConnection
	Stream string `help:"Only those of this stream." placeholder:"NAME"`
	Limit  int    `help:"How many at most." default:"20"`
}

// Run prints a table, newest first.
func (c *connectionRunsCmd) Run(ctx context.Context, p program) error {
	return c.reads(ctx, p, func(s *pull.Service, _ *pluginhost.Host, n registry.Connection) error {
		runs, err := s.Runs(ctx, pull.Filter{Environment: n.Environment, Connection: n.ID, Stream: c.Stream, Limit: max(c.Limit, 1)})
		head := []string{"ID", "STREAM", "CAUSE", "STATE", "STARTED", "ENDED", "READ", "NEW", "CHANGED", "LEFT", "ERROR"}
		return list(p.out, head, runs, err, func(r pull.Run) []string {
			left, failed := "-", "-"
			if r.Remaining >= 0 {
				left = fmt.Sprint(r.Remaining)
			}
			if r.Error != nil {
				failed = r.Error.Error()
			}
			return []string{
				string(r.ID), r.Stream, string(r.Cause), string(r.State), day(r.StartedAt), day(r.EndedAt),
				fmt.Sprint(r.Read), fmt.Sprint(r.New), fmt.Sprint(r.Changed), left, failed,
			}
		})
	})
}
