package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// benchPaymentsReport is what a run of bench payments showed.
type benchPaymentsReport struct {
	benchFigures
	cmd           *benchPaymentsCmd
	settled, ours []time.Duration
	ended         map[string]int
	payouts       int
	failed        map[string]int // payouts that were not accepted
	asked         int64          // requests to the operator
	pushes        map[string]int64
	unsettled     int
	ledger        ledgerVerdict
}

func (s *benchPayments) measure(ctx context.Context) (*benchPaymentsReport, error) {
	r := &benchPaymentsReport{cmd: s.cmd}
	load, err := s.load()
	if err != nil {
		return r, err
	}
	paying, stop := context.WithCancel(ctx)
	defer stop()
	var payers errgroup.Group
	if s.cmd.Prompts {
		payers.Go(func() error { return s.approveAll(paying) })
	}
	var before operatorCounts
	r.benchFigures, err = s.benchHost.measure(ctx, load, func() (err error) {
		if before, err = s.counts(ctx); err != nil {
			return err
		}
		return s.waitConnector(ctx) // its first process may have been one that did not come up
	})
	stop()
	if failed := payers.Wait(); err == nil {
		err = failed
	}
	if err != nil {
		return r, err
	}
	after, err := s.counts(ctx)
	if err != nil {
		return r, err
	}
	r.asked, r.pushes = after.requests()-before.requests(), after.Callbacks
	r.payouts, r.failed = s.receiver.payouts.counts()
	s.receiver.mu.Lock()
	r.settled, r.ours, r.ended = slices.Clone(s.receiver.settled), slices.Clone(s.receiver.ours), s.receiver.ended
	s.receiver.mu.Unlock()
	if r.unsettled, err = s.unsettled(ctx); err != nil {
		return r, err
	}
	r.ledger, err = s.verifyLedger(ctx)
	return r, err
}

func (r *benchPaymentsReport) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	target, database, redis := r.conditions()
	how := "ended by the operator"
	if r.cmd.Prompts {
		how = "approved by a payer"
	}
	p("collections, whole way: %s for %s, %d connections; %s; %s, %s; %d CPUs, %s", target, r.cmd.Duration, r.cmd.Connections, how, database, redis, runtime.NumCPU(), runtime.Version())
	p("")
	p("created    %8d  %8.0f/s", r.accepted, float64(r.accepted)/r.took.Seconds())
	p("settled    %8d  %8.0f/s", r.completed, float64(r.completed)/r.until.Seconds())
	p("lost %d, twice %d, bad signature %d, not successful %v, refused %v, errors %v", r.lost, r.duplicates, r.invalid, r.ended, r.refused, r.errs)
	p("left unsettled: %d", r.unsettled)
	if r.cmd.Payouts > 0 {
		p("refunds and payouts beside: %d, not accepted %v", r.payouts, r.failed)
	}
	if r.completed > 0 {
		p("requests to the operator per collection: %.2f; its pushes in all: %v", float64(r.asked)/float64(r.completed), r.pushes)
	}
	p("ledger: %s", r.ledger)
	p("")
	p("latency               p50       p90       p99       max")
	p("create             %s", percentiles(r.accepts))
	p("create to settled  %s", percentiles(r.settled))
	p("  without the payer%s", percentiles(r.ours))
	p("create to callback %s", percentiles(r.ends))
	p("")
	r.printProcesses(w, "collection", "engine", "connector", "sandbox", "redis")
	r.printRest(w)
}
