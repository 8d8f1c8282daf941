package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/telemetry"
)

// connectorCmd looks after installed connectors, and tries and packs new ones.
type connectorCmd struct {
	List     connectorListCmd     `cmd:"" help:"List installed connectors, who signed them and whether they are as installed."`
	Install  connectorInstallCmd  `cmd:"" help:"Install a connector from a package; nodes take it at a reload, or at their next start."`
	Upgrade  connectorUpgradeCmd  `cmd:"" help:"Install another version of a connector; the one before is kept."`
	Rollback connectorRollbackCmd `cmd:"" help:"Make the version that is kept the active one."`
	Remove   connectorRemoveCmd   `cmd:"" help:"Remove a connector; its signer stays pinned."`
	Verify   connectorVerifyCmd   `cmd:"" help:"Hash everything that is installed and say what differs."`
	New      connectorNewCmd      `cmd:"" help:"Begin a connector: the folder of a repository that builds and conforms; for authors."`
	Check    connectorCheckCmd    `cmd:"" help:"Try a connector's program against the contract, in whatever language it is written."`
	Run      connectorRunCmd      `cmd:"" help:"Run one connector over a file of requests; record or replay its vendor."`
	Docs     connectorDocsCmd     `cmd:"" help:"Write a connector's reference from its manifest."`
	Keygen   connectorKeygenCmd   `cmd:"" help:"Make a key that signs packages; for authors."`
	Pack     connectorPackCmd     `cmd:"" help:"Make a package of a folder; for authors."`
	Sign     connectorSignCmd     `cmd:"" help:"Sign a package; for authors."`
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
