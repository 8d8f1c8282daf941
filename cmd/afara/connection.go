package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/webhook"
)

// connectionCmd looks after connections.
type connectionCmd struct {
	Put      connectionPutCmd      `cmd:"" help:"Make a connection, or change the one of that name."`
	List     connectionListCmd     `cmd:"" help:"List connections."`
	Test     connectionTestCmd     `cmd:"" help:"Prove a connection now: credentials and network."`
	Sync     connectionSyncCmd     `cmd:"" help:"Read a connection's streams now."`
	Preview  connectionPreviewCmd  `cmd:"" help:"Show what a stream would give, and store nothing."`
	Runs     connectionRunsCmd     `cmd:"" help:"List the reads of a connection's streams."`
	Pause    connectionPauseCmd    `cmd:"" help:"Let a connection's messages wait."`
	Resume   connectionResumeCmd   `cmd:"" help:"Let a paused connection's messages go on."`
	Enable   connectionEnableCmd   `cmd:"" help:"Let a connection take work."`
	Disable  connectionDisableCmd  `cmd:"" help:"Let a connection take no new work, and its messages wait."`
	Versions connectionVersionsCmd `cmd:"" help:"List what a connection was before it was changed."`
	Rollback connectionRollbackCmd `cmd:"" help:"Go back to the settings of an old version."`
	Delete   connectionDeleteCmd   `cmd:"" help:"Delete a connection that is disabled and has no unfinished work."`
}

type connectionPutCmd struct {
	installation
	catalog
	Environment  string         `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
	Connector    string         `help:"Name of the connector (afara connector list)." required:"" placeholder:"NAME"`
	Settings     string         `name:"file" help:"JSON file of the connector's settings; - for standard input." required:"" placeholder:"FILE"`
	Name         string         `help:"Name, unique in the environment; default: the connector's." placeholder:"NAME"`
	Capabilities []string       `help:"What it shall serve, taken over from other connections; default: what nobody serves yet." placeholder:"CAPABILITY,..."`
	PollEvery    *time.Duration `help:"How often its streams are read, 5s to 24h; 0s for only when asked (afara connection sync). Default for a new one: 1m." placeholder:"DURATION"`
	Disabled     bool           `help:"Store it without using it."`
}

const maxSettings = 1 << 20

// Run stores the settings sealed and prints the connection's id.
func (c *connectionPutCmd) Run(ctx context.Context, p program) error {
	settings, err := readSettings(c.Settings)
	if err != nil {
		return err
	}
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		connections, host, err := o.connections(c.catalog)
		if err != nil {
			return err
		}
		put, err := connections.Put(ctx, registry.NewConnection{
			Environment: env.ID, Kind: env.Kind, Connector: c.Connector, Name: c.Name,
			Settings: settings, Capabilities: c.Capabilities, Enabled: !c.Disabled, PollEvery: c.PollEvery,
		})
		if err == nil {
			_, err = fmt.Fprintln(p.out, put.ID)
		}
		return errors.Join(err, host.Close(ctx))
	})
}

// readSettings reads one JSON object. Its errors do not show what it holds.
func readSettings(path string) (json.RawMessage, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("file: %w", err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSettings+1))
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	if len(raw) > maxSettings {
		return nil, fmt.Errorf("file: longer than %d bytes: settings are small", maxSettings)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return nil, errors.New("file: not a JSON object: write the connector's settings as {\"name\": value, …}")
	}
	return raw, nil
}

type connectionListCmd struct {
	installation
	catalog
	Environment string `help:"Only those of this environment." placeholder:"ENV"`
	PublicURL   string `name:"public-url" help:"Base URL under which vendors reach this installation." var:"AFARA_PUBLIC_URL" placeholder:"URL" group:"Installation:"`
}

// Run prints a table.
func (c *connectionListCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		connections, host, err := o.connections(c.catalog)
		if err != nil {
			return err
		}
		all, err := connections.List(ctx, domain.EnvironmentID(c.Environment))
		head := []string{"ID", "ENVIRONMENT", "KIND", "NAME", "CONNECTOR", "VERSION", "ENABLED", "SERVES", "PAUSED", "WEBHOOKS TO"}
		err = list(p.out, head, all, err, func(n registry.Connection) []string {
			paused := "no"
			if n.Paused != nil {
				paused = strings.TrimSpace(n.Paused.Reason + " since " + day(n.Paused.ClosedAt) + " " + n.Paused.Detail)
			}
			return []string{
				string(n.ID), string(n.Environment), string(n.Kind), n.Name, n.Connector, fmt.Sprint(n.Version),
				yesNo(n.Enabled), strings.Join(n.Capabilities, ","), paused, c.webhooks(host, n),
			}
		})
		return errors.Join(err, host.Close(ctx))
	})
}

// webhooks is where the connection's vendor pushes to.
func (c *connectionListCmd) webhooks(host *pluginhost.Host, n registry.Connection) string {
	if m, ok := host.Manifest(n.Connector, n.Kind); ok && len(m.Webhooks) > 0 {
		return webhook.Address(m, c.PublicURL, n.ID)
	}
	return "-"
}

// oneConnection is what commands on one connection take.
type oneConnection struct {
	installation
	catalog
	Connection string `arg:"" help:"Id of the connection (afara connection list)."`
}

// on finds the connection for do.
func (c *oneConnection) on(ctx context.Context, p program, do func(*registry.Service, *pluginhost.Host, registry.Connection) error) error {
	return c.with(ctx, p, func(o *office) error { return c.in(ctx, o, do) })
}

// in is on for a command that has opened the office.
func (c *oneConnection) in(ctx context.Context, o *office, do func(*registry.Service, *pluginhost.Host, registry.Connection) error) error {
	connections, host, err := o.connections(c.catalog)
	if err != nil {
		return err
	}
	all, err := connections.List(ctx, "")
	for _, n := range all {
		if string(n.ID) == c.Connection {
			return errors.Join(do(connections, host, n), host.Close(ctx))
		}
	}
	if err == nil {
		err = fmt.Errorf("connection: %q is not there: list them (afara connection list)", c.Connection)
	}
	return errors.Join(err, host.Close(ctx))
}

type connectionTestCmd struct{ oneConnection }

// connectorStart is how long a connector may take to be ready for a test.
const connectorStart = 20 * time.Second

// Run starts the connector for this test alone and asks it.
func (c *connectionTestCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(_ *registry.Service, host *pluginhost.Host, n registry.Connection) error {
		host.Need(n.Connector, n.Kind)
		if err := waitReady(ctx, host, connectorStart, n.Ref()); err != nil {
			return err
		}
		began := time.Now()
		err := host.Check(ctx, n.Ref())
		var refusal *domain.ConnectorError
		if errors.As(err, &refusal) {
			return fmt.Errorf("%s %s: %s: %w", n.Connector, n.ID, refusal.Class, err)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "ok: %s accepts connection %s (%s)\n", n.Connector, n.ID, time.Since(began).Round(time.Millisecond))
		return err
	})
}

// waitReady waits until the programs of all refs take calls.
func waitReady(ctx context.Context, host *pluginhost.Host, limit time.Duration, refs ...domain.ConnectionRef) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	changed := host.Subscribe()
	for _, ref := range refs {
		for !host.Ready(ref.Connector, ref.Environment) {
			select {
			case <-changed:
			case <-ctx.Done():
				return fmt.Errorf("connector %s is not ready: %s", ref.Connector, whyNot(host, ref))
			}
			if why := whyNot(host, ref); why != "" && !host.Ready(ref.Connector, ref.Environment) && unusable(host, ref) {
				return fmt.Errorf("connector %s cannot be used: %s", ref.Connector, why)
			}
		}
	}
	return nil
}

func statusOf(host *pluginhost.Host, ref domain.ConnectionRef) pluginhost.ConnectorStatus {
	for _, s := range host.Status() {
		if s.Name == ref.Connector && s.Environment == ref.Environment {
			return s
		}
	}
	return pluginhost.ConnectorStatus{}
}

func whyNot(host *pluginhost.Host, ref domain.ConnectionRef) string {
	s := statusOf(host, ref)
	return strings.TrimSpace(string(s.State) + " " + s.Reason)
}

func unusable(host *pluginhost.Host, ref domain.ConnectionRef) bool {
	s := statusOf(host, ref).State
	return s == pluginhost.StateIncompatible || s == pluginhost.StateCrashLoop
}

type connectionPauseCmd struct{ oneConnection }

// Run closes the connection's gate.
func (c *connectionPauseCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		if err := s.Pause(ctx, n.ID, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.out, "paused %s: its messages wait until afara connection resume %s\n", n.ID, n.ID)
		return err
	})
}

type connectionResumeCmd struct{ oneConnection }

// Run opens the connection's gate.
func (c *connectionResumeCmd) Run(ctx context.Context, p program) error {
	return c.on(ctx, p, func(s *registry.Service, _ *pluginhost.Host, n registry.Connection) error {
		if err := s.Resume(ctx, n.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.out, "resumed %s\n", n.ID)
		return err
	})
}
