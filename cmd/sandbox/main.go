// Command sandbox serves the stand-ins of all vendors in one process, each
// under its own prefix, so that connectors can be tried without any vendor.
//
//	/firs/     the tax authority's Merchant-Buyer Solution (plugins/firs/simulator)
//	/echo/     the Echo Registry of the reference connector (plugins/echo/simulator)
//	/mtn/      MTN's MoMo Open API (plugins/mtn/simulator)
//	/orange/   Orange Money, its web payment and its core (plugins/orange/simulator)
//	/moov/     Moov's merchant API, both forms (plugins/moov/simulator)
//	/airtel/   the Airtel Africa Open API (plugins/airtel/simulator)
//	/simnet/   the SIMs of all mobile-money operators: a page with a phone for
//	           each, where a person answers prompts (plugins/simnet)
//	/healthz   answers 200 once everything listens
//
// Each stand-in has a control API under /<vendor>/_control/. They hand out the
// keys of made-up businesses to whoever can reach them: keep it on loopback or
// on a private network.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// flags are the settings of the program.
type flags struct {
	Listen   string     `default:"127.0.0.1:8090" env:"AFARA_SANDBOX_LISTEN" help:"Address to listen on."`
	Data     string     `default:"data/sandbox" env:"AFARA_SANDBOX_DATA" help:"Folder for the stand-ins' keys, so that a restart accepts the same connections."`
	LogLevel slog.Level `default:"info" env:"AFARA_SANDBOX_LOG_LEVEL" help:"debug, info, warn or error."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("sandbox"), kong.Description("Stand-ins of all vendors in one process."))
	// As the engine and its connectors do: little lives long here, and much is thrown away.
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(400)
	}
	if err := run(f, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(f flags, out, logs io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: f.LogLevel}))
	return serve(ctx, f, out, log)
}
