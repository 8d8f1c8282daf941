package main

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
)

// operator is whom the audit names for what is done at the command line.
const operator = "operator"

type connectionEnableCmd struct{ oneConnection }

// Run lets the connection take work, whatever had paused it.
func (c *connectionEnableCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		got, err := s.SetEnabled(ctx, n.Environment, n.ID, true, operator)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "enabled %s, version %d\n", got.ID, got.Version)
		return err
	})
}

type connectionDisableCmd struct{ oneConnection }

// Run stops the connection.
func (c *connectionDisableCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		got, err := s.SetEnabled(ctx, n.Environment, n.ID, false, operator)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "disabled %s, version %d: its messages wait until afara connection enable %s\n", got.ID, got.Version, got.ID)
		return err
	})
}

type connectionVersionsCmd struct{ oneConnection }

// Run prints a table, newest first, secrets masked.
func (c *connectionVersionsCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		_, versions, err := s.Versions(ctx, n.Environment, n.ID)
		return list(p.out, []string{"VERSION", "MADE", "BY", "NOTE", "SETTINGS"}, versions, err, func(v registry.Version) []string {
			by := v.Actor
			if by == "" {
				by = "-"
			}
			return []string{fmt.Sprint(v.Number), day(v.CreatedAt), by, v.Note, string(v.Settings)}
		})
	})
}

type connectionRollbackCmd struct {
	oneConnection
	Version int64 `arg:"" help:"Number of the version (afara connection versions)."`
}

// Run makes a new version with the settings of an old one.
func (c *connectionRollbackCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		got, err := s.Rollback(ctx, n.Environment, n.ID, c.Version, operator)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "version %d of %s has the settings of version %d\n", got.Version, got.ID, c.Version)
		return err
	})
}

type connectionDeleteCmd struct{ oneConnection }

// Run removes the connection with its history.
func (c *connectionDeleteCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		if err := s.Delete(ctx, n.Environment, n.ID, operator); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.out, "deleted %s\n", n.ID)
		return err
	})
}
