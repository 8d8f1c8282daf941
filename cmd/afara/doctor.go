package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/afara-dev/afara/engine/config"
)

// doctorCmd checks an installation with the settings of `afara serve`. It may
// run beside nodes, makes and migrates nothing, and writes at most the check
// value of a master key that is new, as a start would.
type doctorCmd struct{ config.Config }

// errUnwell makes the exit code 1.
var errUnwell = errors.New("the installation is not well: see the lines that begin with fail")

// Run prints one line per check. It fails when a check does.
func (c *doctorCmd) Run(ctx context.Context, p program) error {
	r := &report{out: p.out}
	c.checkPublicURL(ctx, r)
	c.checkDisk(r)
	c.checkFileModes(r)
	c.checkDatabase(ctx, r)
	c.checkRedis(ctx, r)
	c.checkConnectors(ctx, p, r)
	c.checkCatalog(r)
	checkIsolation(r)
	if r.failed {
		return errUnwell
	}
	return nil
}

// report prints findings.
type report struct {
	out    io.Writer
	failed bool
}

func (r *report) ok(what, format string, args ...any)   { r.line("ok", what, format, args) }
func (r *report) warn(what, format string, args ...any) { r.line("warn", what, format, args) }

func (r *report) fail(what, format string, args ...any) {
	r.failed = true
	r.line("fail", what, format, args)
}

func (r *report) line(verdict, what, format string, args []any) {
	fmt.Fprintf(r.out, "%-4s  %-12s  %s\n", verdict, what, fmt.Sprintf(format, args...))
}

// quiet is the log of checks: what matters of it is in their findings.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
