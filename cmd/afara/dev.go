package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/telemetry"
)

// devCmd runs the whole of Afara on one machine, with stand-ins for vendors
// and a receiver of callbacks, on the embedded database and bus.
type devCmd struct {
	Listen        string     `help:"Address of the HTTP API." default:"127.0.0.1:8080" var:"AFARA_LISTEN" placeholder:"HOST:PORT"`
	SandboxListen string     `name:"sandbox-listen" help:"Address of the vendors' stand-ins." default:"127.0.0.1:8090" var:"AFARA_SANDBOX_LISTEN" placeholder:"HOST:PORT"`
	DataDir       string     `name:"data-dir" help:"Directory of the demonstration's database and keys." default:"./data" var:"AFARA_DATA_DIR" placeholder:"DIR"`
	Sandbox       string     `help:"The sandbox program; default: the one beside this program." placeholder:"PATH"`
	PluginDirs    []string   `name:"plugin-dirs" help:"Directories that hold connectors; default: plugins beside this program." var:"AFARA_PLUGIN_DIRS" placeholder:"DIR,..."`
	LogLevel      slog.Level `name:"log-level" help:"debug, info, warn or error." default:"warn" var:"AFARA_LOG_LEVEL" placeholder:"LEVEL"`
}

// devStop bounds how long a stop waits for what is in flight.
const devStop = "5s"

// Run runs the demonstration until ctx ends. Every process it started has
// ended when it returns.
func (c *devCmd) Run(ctx context.Context, p program) error {
	if err := c.beside(); err != nil {
		return err
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(p.err, "text", c.LogLevel)
	if err != nil {
		return err
	}
	api, err := listen(c.Listen, "--listen or AFARA_LISTEN")
	if err != nil {
		return err
	}
	defer api.Close()
	settings.PublicURL = "http://" + api.Addr().String() // where the stand-ins push to
	sandbox, err := startSandbox(ctx, sandboxConfig{
		Program: c.Sandbox, Listen: c.SandboxListen, Data: filepath.Join(c.DataDir, "sandbox"), LogLevel: c.LogLevel, Log: p.err,
	})
	if err != nil {
		return err
	}
	err = c.demonstrate(ctx, p, settings, log, api, sandbox)
	return errors.Join(err, sandbox.stop())
}

// beside fills the defaults that lie beside this program.
func (c *devCmd) beside() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs beside this one: %w: name them with --sandbox and --plugin-dirs", err)
	}
	if c.Sandbox == "" {
		c.Sandbox = filepath.Join(filepath.Dir(self), "sandbox")
	}
	if len(c.PluginDirs) == 0 {
		c.PluginDirs = []string{filepath.Join(filepath.Dir(self), "plugins")}
	}
	return nil
}

// settings are those of a node on the embedded database and bus. What other
// settings the environment has is left out: a demonstration must not run on
// somebody's real database.
func (c *devCmd) settings() (*config.Config, error) {
	return config.Load([]string{
		"--listen=" + c.Listen, "--data-dir=" + c.DataDir, "--database-url=sqlite:" + filepath.Join(c.DataDir, "afara.db"),
		"--plugin-dirs=" + strings.Join(c.PluginDirs, ","), "--shutdown-timeout=" + devStop,
	}, func(string) (string, bool) { return "", false })
}

// demonstrate runs the engine over a started sandbox.
func (c *devCmd) demonstrate(ctx context.Context, p program, settings *config.Config, log *slog.Logger, api net.Listener, sandbox *sandbox) error {
	show := newConsole(p.out, isTerminal(p))
	e, err := engine.New(ctx, engine.Config{
		Settings: settings, Log: log, Version: buildVersion(),
		OnAccept: show.accepted, OnCall: show.called, OnCallback: show.attempted,
	})
	if err != nil {
		return err
	}
	demo, err := openDemo(ctx, e, settings, sandbox.url)
	if err != nil {
		return errors.Join(err, e.Close())
	}
	receiver, err := startReceiver(demo, e.Tenants, show)
	if err != nil {
		return errors.Join(err, e.Close())
	}
	defer receiver.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		// A demonstration without its authority shows nothing: stop with it.
		select {
		case <-sandbox.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	show.banner(ctx, demo, "http://"+api.Addr().String(), sandbox.url, receiver.url, time.Now())
	return errors.Join(e.Run(ctx, api), sandbox.crashed())
}
