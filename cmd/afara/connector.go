package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/telemetry"
)

// connectorCmd looks at installed connectors.
type connectorCmd struct {
	List connectorListCmd `cmd:"" help:"List installed connectors with their digests."`
}

type connectorListCmd struct {
	File string `name:"config" help:"YAML file of settings, the one of afara serve." var:"AFARA_CONFIG" placeholder:"FILE" group:"Installation:"`
	catalog
}

// Run prints a table; a connector that cannot be used is in it, with why.
func (c *connectorListCmd) Run(ctx context.Context, p program) error {
	installed, err := c.installed(ctx, p)
	return list(p.out, []string{"NAME", "VERSION", "SHA-256", "USABLE"}, installed, err, func(s pluginhost.ConnectorStatus) []string {
		usable := "yes"
		if s.State == pluginhost.StateIncompatible {
			usable = "no: " + s.Reason
		}
		return []string{s.Name, s.Version, s.Digest, usable}
	})
}

// installed reads the directories of connectors and starts none.
func (c *catalog) installed(ctx context.Context, p program) ([]pluginhost.ConnectorStatus, error) {
	log, err := telemetry.NewLogger(p.err, "text", slog.LevelWarn)
	if err != nil {
		return nil, err
	}
	host, err := pluginhost.New(pluginhost.Config{Dirs: c.PluginDirs, Connections: noConnections{}, Log: log})
	if err != nil {
		return nil, err
	}
	return host.Status(), host.Close(ctx)
}

// noConnections is for a host that makes no calls.
type noConnections struct{}

var errNoConnections = errors.New("this command calls no connector")

func (noConnections) Secrets(context.Context, domain.ConnectionID) (settings, credential []byte, version int64, err error) {
	return nil, nil, 0, errNoConnections
}

func (noConnections) SaveCredential(context.Context, domain.ConnectionID, int64, []byte) error {
	return errNoConnections
}
