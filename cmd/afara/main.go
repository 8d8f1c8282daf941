// Command afara is the engine: `afara serve` runs a node, `afara dev` a whole
// demonstration on one machine, and the other commands look after an
// installation. It owns the command line and nothing else: what a command does
// is done by the packages under engine/.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/afara-dev/afara/engine/config"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(os.Args[1:], program{out: os.Stdout, err: os.Stderr, env: os.LookupEnv}))
}

// program is what a command needs of the process.
type program struct {
	out, err io.Writer
	env      config.Getenv
}

// cli is the table of contents of the command line.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run a node: HTTP API, workers and callbacks."`
	Dev        devCmd        `cmd:"" help:"Run a demonstration: engine, connectors, vendors' stand-ins and a receiver, all on this machine."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database's schema to this build's."`
	Org        orgCmd        `cmd:"" help:"Organisations, the customers of this installation."`
	Env        envCmd        `cmd:"" help:"Environments of an organisation: sandbox or production."`
	Keys       keysCmd       `cmd:"" help:"API keys of an environment."`
	Connection connectionCmd `cmd:"" help:"Connections: a connector configured for an environment."`
	Connector  connectorCmd  `cmd:"" help:"Installed connectors, and what authors of new ones need."`
	Audit      auditCmd      `cmd:"" help:"What persons did in an environment."`
	Ledger     ledgerCmd     `cmd:"" help:"The ledger of payments: prove it, read balances, and book money onto the float."`
	Node       nodeCmd       `cmd:"" help:"Nodes: the engine processes of this installation."`
	Listen     listenCmd     `cmd:"" help:"Forward an environment's events to a program on this machine; no tunnel needed."`
	Trigger    triggerCmd    `cmd:"" help:"Publish an event: a valid sample, or data of your own."`
	Backup     backupCmd     `cmd:"" help:"Copy the embedded database while it is in use."`
	Recover    recoverCmd    `cmd:"" help:"After a restore of the database: look up before anything is sent again."`
	Doctor     doctorCmd     `cmd:"" help:"Check the installation and say what to do."`
	Health     healthCmd     `cmd:"" help:"Ask a node's health endpoint; for container health checks."`
	Bench      benchCmd      `cmd:"" help:"Measure the whole way on a system of its own."`
	Version    versionCmd    `cmd:"" help:"Say which build this is."`
}

// run parses args and runs the command; it returns the exit code.
func run(args []string, p program) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks for an orderly end; the second one ends at once.
	context.AfterFunc(ctx, stop)
	parser, err := newParser(ctx, args, p)
	if err != nil {
		return p.fail(exitUsage, err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return p.usage(err)
	}
	if err := command.Run(); err != nil {
		return p.fail(exitError, err)
	}
	return exitOK
}

func newParser(ctx context.Context, args []string, p program) (*kong.Kong, error) {
	options, err := config.Options(args, p.env)
	if err != nil {
		return nil, err
	}
	return kong.New(&cli{}, append(options,
		kong.Name("afara"),
		kong.Description("Afara turns each outside system into a connector behind one API, one set of signed callbacks and one place to look."),
		kong.Writers(p.out, p.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)...)
}

// usage says what is wrong with the command line and where its help is.
func (p program) usage(err error) int {
	code := p.fail(exitUsage, err)
	help := "afara --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
		help = "afara " + parse.Context.Command() + " --help"
	}
	fmt.Fprintf(p.err, "Run \"%s\" for what it takes.\n", help)
	return code
}

func (p program) fail(code int, err error) int {
	fmt.Fprintln(p.err, "afara:", explain(err))
	return code
}
