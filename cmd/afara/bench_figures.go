package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// benchFigures are what a run showed, whatever was posted.
type benchFigures struct {
	flags      *benchFlags
	took       time.Duration // of the posting
	until      time.Duration // from the first post to the last callback
	accepted   int
	completed  int // callbacks that came
	callbacks  int // that come of one thing; 0 means 1
	refused    map[int]int
	errs       map[string]int
	accepts    []time.Duration
	ends       []time.Duration
	fromAccept []time.Duration
	halfway    int // callbacks due in the middle of the posting
	backlog    int // and at its end
	lost       int
	duplicates int
	invalid    int
	cpu        map[string]time.Duration
	pss        map[string]int64
	stages     []stageTime
	limits     benchLimits
}

// measure posts, waits for the last callbacks and reads the processes' figures.
// warm is called between warm-up and measurement.
func (h *benchHost) measure(ctx context.Context, load *benchLoad, warm func() error) (benchFigures, error) {
	if err := load.post(ctx, h.flags.Warmup, false); err != nil {
		return benchFigures{}, err
	}
	h.drain(ctx, load.book)
	if err := warm(); err != nil {
		return benchFigures{}, err
	}
	r := benchFigures{flags: h.flags, pss: map[string]int64{}, cpu: map[string]time.Duration{}}
	before, stages := h.cpu(), h.stages(ctx)
	start := time.Now()
	var halfway atomic.Int64
	timer := time.AfterFunc(h.flags.Duration/2, func() { halfway.Store(int64(load.book.open())) })
	defer timer.Stop()
	if err := load.post(ctx, h.flags.Duration, true); err != nil {
		return benchFigures{}, err
	}
	r.took, r.backlog, r.halfway = time.Since(start), load.book.open(), int(halfway.Load())
	for name, pid := range h.pids {
		r.pss[name] = pssOf(pid)
	}
	h.drain(ctx, load.book)
	for name, after := range h.cpu() {
		r.cpu[name] = after - before[name]
	}
	r.stages = since(stages, h.stages(ctx))
	r.read(load, start)
	return r, nil
}

// read takes over what load and book counted.
func (r *benchFigures) read(load *benchLoad, start time.Time) {
	r.accepted, r.refused, r.errs, r.accepts = load.accepted, load.refused, load.errs, load.accepts
	b := load.book
	b.mu.Lock()
	defer b.mu.Unlock()
	r.until, r.completed, r.ends, r.fromAccept = b.last.Sub(start), b.completed, b.ends, b.fromAccept
	r.lost, r.duplicates, r.invalid = len(b.due), b.duplicates, b.invalid
}

// drain waits until every expected callback has come, or for long enough.
func (h *benchHost) drain(ctx context.Context, book *benchBook) {
	ctx, cancel := context.WithTimeout(ctx, h.flags.Drain)
	defer cancel()
	for book.open() > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (h *benchHost) cpu() map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, pid := range h.pids {
		out[name] = cpuOf(pid)
		if name == postgresName {
			out[name] = cpuOfFamily(pid)
		}
	}
	out[loadName] = cpuOf(os.Getpid())
	return out
}

// loadName is the load itself, sender and receiver.
const loadName = "load"

// beside are shown, and part of no sum.
var beside = []string{postgresName, loadName}

// cpuPer is what one completed thing cost a process; "" means all of ours.
func (r *benchFigures) cpuPer(name string) time.Duration {
	var sum time.Duration
	for n, d := range r.cpu {
		if name == "" && !slices.Contains(beside, n) || n == name {
			sum += d
		}
	}
	if r.completed == 0 {
		return 0
	}
	return sum * time.Duration(max(1, r.callbacks)) / time.Duration(r.completed)
}

// conditions say how a run was driven, and on what.
func (r *benchFigures) conditions() (target, database, redis string) {
	target, database, redis = "as fast as intake lets", "SQLite, synchronous FULL", "embedded"
	if r.flags.Rate > 0 {
		target = fmt.Sprintf("%d/s", r.flags.Rate)
	}
	if r.flags.Database != "" {
		database = "PostgreSQL"
	}
	if r.flags.Redis != "" {
		redis = "Redis"
	}
	return target, database, redis
}

// printProcesses shows what each of the named processes cost, where it ran.
func (r *benchFigures) printProcesses(w io.Writer, thing string, names ...string) {
	fmt.Fprintf(w, "process      %11s   memory (PSS)\n", "CPU/"+thing)
	row := func(name string, cpu time.Duration, memory string) {
		fmt.Fprintf(w, "%-10s   %11s   %s\n", name, cpu.Round(time.Microsecond), memory)
	}
	var memory int64
	for _, name := range names {
		if _, ok := r.cpu[name]; ok {
			row(name, r.cpuPer(name), fmt.Sprintf("%8.1f MB", float64(r.pss[name])/1e6))
			memory += r.pss[name]
		}
	}
	row("all", r.cpuPer(""), fmt.Sprintf("%8.1f MB", float64(memory)/1e6))
	for _, name := range beside {
		if _, ok := r.cpu[name]; ok {
			row(name, r.cpuPer(name), "beside it, in no sum")
		}
	}
}

// printRest shows where the time went, and on what machine.
func (r *benchFigures) printRest(w io.Writer) {
	fmt.Fprintln(w, "\nwhere the time goes (mean of each)")
	for _, s := range r.stages {
		fmt.Fprintf(w, "  %-40s %10s  x %.0f\n", s.name, s.mean.Round(time.Microsecond), s.count)
	}
	fmt.Fprintf(w, "\nthis machine, in this run: %.0f fsync/s, %.0f loopback POST/s, SHA-256 %.0f MB/s on one core\n", r.limits.syncs, r.limits.http, r.limits.sha256)
}

func percentiles(d []time.Duration) string {
	if len(d) == 0 {
		return "-"
	}
	at := func(q float64) string { return fmt.Sprintf("%9s", percentile(d, q).Round(10*time.Microsecond)) }
	return at(.5) + " " + at(.9) + " " + at(.99) + " " + at(1)
}

// percentile sorts the spans, of which there must be one.
func percentile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}
