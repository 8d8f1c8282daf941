package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/telemetry"
)

// serveCmd runs a node until it is told to stop.
type serveCmd struct{ config.Config }

// Run serves. It returns when all that was in flight has ended.
func (c *serveCmd) Run(ctx context.Context, p program) error {
	tuneCollector()
	log, err := telemetry.NewLogger(p.err, c.LogFormat, c.LogLevel)
	if err != nil {
		return err
	}
	bus.RedirectDriverLog(log)
	var l net.Listener
	if c.Has(config.RoleAPI) {
		if l, err = listen(c.Listen, "--listen or AFARA_LISTEN"); err != nil {
			return err
		}
		defer l.Close() // for the ways out before Run owns it
	}
	stopProfiler, err := startProfiler(ctx, c.Pprof, log)
	if err != nil {
		return err
	}
	defer stopProfiler()
	e, err := engine.New(ctx, engine.Config{Settings: &c.Config, Log: log, Version: buildVersion()})
	if ctx.Err() != nil && err != nil {
		return nil // told to stop before it began
	}
	if err != nil {
		return err
	}
	if l != nil {
		log.Info("listening", "address", "http://"+l.Addr().String())
	}
	return e.Run(ctx, l)
}

// tuneCollector trades memory for CPU: a node keeps little alive and makes much
// garbage, so collecting a quarter as often costs some tens of MB and saves a
// twentieth of its CPU and more. GOGC, where set, wins.
func tuneCollector() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(400)
	}
}

// startProfiler serves Go's profiler when an address is given; stop waits.
func startProfiler(ctx context.Context, address string, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := telemetry.ListenPprof(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("profiler: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		if err := telemetry.ServePprof(ctx, l); err != nil {
			log.Error("profiler", "error", err)
		}
	})
	return func() { cancel(); done.Wait() }, nil
}
