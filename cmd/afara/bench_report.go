package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// benchReport is what a run of bench invoices showed.
type benchReport struct {
	benchFigures
	cmd      *benchInvoicesCmd
	unsigned int
}

func (s *benchSystem) measure(ctx context.Context) (*benchReport, error) {
	load, err := s.load()
	if err != nil {
		return nil, err
	}
	// The connector's first process may have been one that did not come up.
	figures, err := s.benchHost.measure(ctx, load, func() error { return s.waitConnector(ctx) })
	return &benchReport{benchFigures: figures, cmd: s.cmd, unsigned: int(s.receiver.unsigned.Load())}, err
}

func (r *benchReport) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	target, database, redis := r.conditions()
	p("invoices, whole way: %s for %s, %d connections; %s, %s; authority takes %s; %d CPUs, %s", target, r.cmd.Duration, r.cmd.Connections, database, redis, r.cmd.Latency, runtime.NumCPU(), runtime.Version())
	p("")
	p("accepted   %8d  %8.0f/s", r.accepted, float64(r.accepted)/r.took.Seconds())
	p("completed  %8d  %8.0f/s", r.completed, float64(r.completed)/r.until.Seconds())
	p("lost %d, callbacks twice %d, bad signature or QR %d, not signed %d, refused %v, errors %v", r.lost, r.duplicates, r.invalid, r.unsigned, r.refused, r.errs)
	p("")
	p("latency               p50       p90       p99       max")
	p("accept             %s", percentiles(r.accepts))
	p("accept to callback %s", percentiles(r.ends))
	p("")
	r.printProcesses(w, "invoice", "engine", "connector", "sandbox", "redis")
	r.printRest(w)
}
