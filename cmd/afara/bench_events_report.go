package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// benchEventsReport is what a run of bench events showed.
type benchEventsReport struct {
	benchFigures
	cmd     *benchEventsCmd
	retries retryFigures
}

func (s *benchEvents) measure(ctx context.Context) (*benchEventsReport, error) {
	load, err := s.load()
	if err != nil {
		return nil, err
	}
	figures, err := s.benchHost.measure(ctx, load, func() error { return nil })
	if err != nil {
		return nil, err
	}
	figures.callbacks = s.cmd.Endpoints
	retries, err := s.retries(ctx)
	return &benchEventsReport{benchFigures: figures, cmd: s.cmd, retries: retries}, err
}

func (r *benchEventsReport) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	target, database, redis := r.conditions()
	p("events, publish to receiver: %s for %s, %d connections, %s, %s; %s, %s; %d CPUs, %s", target, r.cmd.Duration, r.cmd.Connections,
		counted(r.cmd.Batch, "event a request", "events a request"), counted(r.cmd.Endpoints, "webhook", "webhooks"), database, redis, runtime.NumCPU(), runtime.Version())
	p("")
	p("published  %8d  %8.0f/s", r.accepted, float64(r.accepted)/r.took.Seconds())
	p("delivered  %8d  %8.0f/s", r.completed, float64(r.completed)/r.until.Seconds())
	p("lost %d, twice %d, bad signature %d, refused %v, errors %v", r.lost, r.duplicates, r.invalid, r.refused, r.errs)
	p("not delivered yet: %d in the middle of the publishing, %d at its end", r.halfway, r.backlog)
	p("")
	p("latency               p50       p90       p99       max")
	p("accept             %s", percentiles(r.accepts))
	p("accept to delivery %s", percentiles(r.fromAccept))
	p("publish to delivery%s", percentiles(r.ends))
	r.retries.print(w)
	p("")
	r.printProcesses(w, "event", "engine", "redis")
	r.printRest(w)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
