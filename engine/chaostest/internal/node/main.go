// Command node is an engine without the program around it: it reads the
// settings of `afara serve`, says on standard output where it listens, and runs
// until SIGTERM. The chaos tests kill it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/failpoint"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	settings, err := config.Load(args, os.LookupEnv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: settings.LogLevel}))
	e, err := engine.New(ctx, engine.Config{Settings: settings, Log: log, Version: "chaos", Now: failpoint.Clock()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Printf("http://%s\n", l.Addr()); err != nil {
		return err
	}
	return e.Run(ctx, l)
}
