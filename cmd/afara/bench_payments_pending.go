package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"
)

const (
	// firstLooks is how long after the last prompt the engine has looked at each
	// once: 15 s, and some room.
	firstLooks = 20 * time.Second
	// pendingAnswers is how many are answered in the end.
	pendingAnswers = 100
	// createLimit bounds the creating.
	createLimit = 10 * time.Minute
)

// window is what the engine took over a while.
type window struct {
	took  time.Duration
	cores float64
	looks float64 // look-ups a second
}

// benchPendingReport is what a run with --pending showed.
type benchPendingReport struct {
	benchFigures
	cmd      *benchPaymentsCmd
	first    window // while each is looked at once
	waiting  window // and from then on
	answered int
	told     time.Duration // from the first answer to the last event
	// unanswered are those of which no event came.
	unanswered int
	ledger     ledgerVerdict
}

// pending creates prompts and leaves them alone, and in the end answers some.
func (s *benchPayments) pending(ctx context.Context) (*benchPendingReport, error) {
	r := &benchPendingReport{cmd: s.cmd, benchFigures: benchFigures{flags: s.flags, pss: map[string]int64{}}}
	load, err := s.load()
	if err != nil {
		return r, err
	}
	load.most = s.cmd.Pending
	start := time.Now()
	if err := load.post(ctx, createLimit, true); err != nil {
		return r, err
	}
	r.took, r.accepted, r.refused, r.errs, r.accepts = time.Since(start), load.accepted, load.refused, load.errs, load.accepts
	if err := s.waitOpen(ctx, r.accepted); err != nil {
		return r, err
	}
	if r.first, err = s.watch(ctx, firstLooks); err != nil {
		return r, err
	}
	if r.waiting, err = s.watch(ctx, s.cmd.Duration); err != nil {
		return r, err
	}
	for name, pid := range s.pids {
		r.pss[name] = pssOf(pid)
	}
	if err := s.answerSome(ctx, r); err != nil {
		return r, err
	}
	r.ledger, err = s.verifyLedger(ctx)
	return r, err
}

// waitOpen waits until the operator has so many open.
func (s *benchPayments) waitOpen(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, s.cmd.Drain)
	defer cancel()
	for {
		c, err := s.counts(ctx)
		if err != nil || c.Open >= n {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the operator has %d prompts open of %d: %w", c.Open, n, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// watch measures the engine for a while in which nothing is posted.
func (s *benchPayments) watch(ctx context.Context, d time.Duration) (window, error) {
	before, err := s.counts(ctx)
	if err != nil {
		return window{}, err
	}
	start, cpu := time.Now(), cpuOf(s.pids["engine"])
	select {
	case <-ctx.Done():
		return window{}, ctx.Err()
	case <-time.After(d):
	}
	took, used := time.Since(start), cpuOf(s.pids["engine"])-cpu
	after, err := s.counts(ctx)
	return window{took, used.Seconds() / took.Seconds(), float64(after.requests()-before.requests()) / took.Seconds()}, err
}

// answerSome shows that the rest of them do not keep an answer up.
func (s *benchPayments) answerSome(ctx context.Context, r *benchPendingReport) (err error) {
	start := time.Now()
	if r.answered, err = s.approve(ctx, min(pendingAnswers, s.cmd.Pending)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cmd.Drain)
	defer cancel()
	for told := 0; told < r.answered; told = r.accepted - s.receiver.open() {
		select {
		case <-ctx.Done():
			r.unanswered = r.answered - told
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
	r.told = time.Since(start)
	return nil
}

func (r *benchPendingReport) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	_, database, redis := r.conditions()
	p("prompts that nobody answers: %d; %s, %s; %d CPUs, %s", r.cmd.Pending, database, redis, runtime.NumCPU(), runtime.Version())
	p("")
	p("created    %8d  %8.0f/s, refused %v, errors %v", r.accepted, float64(r.accepted)/r.took.Seconds(), r.refused, r.errs)
	p("engine while each is looked at once: %.3f cores over %s, %.1f requests/s to the operator", r.first.cores, r.first.took.Round(time.Second), r.first.looks)
	p("engine while they wait:              %.3f cores over %s, %.1f requests/s to the operator", r.waiting.cores, r.waiting.took.Round(time.Second), r.waiting.looks)
	p("memory (PSS): engine %.1f MB, connector %.1f MB", float64(r.pss["engine"])/1e6, float64(r.pss["connector"])/1e6)
	p("%d of them approved at once: all told after %s, not told %d", r.answered, r.told.Round(time.Millisecond), r.unanswered)
	p("ledger: %s", r.ledger)
	p("\nthis machine, in this run: %.0f fsync/s, %.0f loopback POST/s, SHA-256 %.0f MB/s on one core", r.limits.syncs, r.limits.http, r.limits.sha256)
}
