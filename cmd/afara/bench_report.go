package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// benchReport is what a run showed.
type benchReport struct {
	cmd        *benchInvoicesCmd
	took       time.Duration // of the posting
	until      time.Duration // from the first post to the last callback
	accepted   int
	completed  int
	refused    map[int]int
	errs       map[string]int
	accepts    []time.Duration
	ends       []time.Duration
	lost       int
	duplicates int
	invalid    int
	unsigned   int
	cpu        map[string]time.Duration
	pss        map[string]int64
	stages     []stageTime
	limits     benchLimits
}

type stageTime struct {
	name  string
	count float64
	mean  time.Duration
}

// measure posts, waits for the last callbacks and reads the processes' figures.
func (s *benchSystem) measure(ctx context.Context) (*benchReport, error) {
	load, err := newBenchLoad(s)
	if err != nil {
		return nil, err
	}
	if err := load.post(ctx, s.cmd.Warmup, false); err != nil {
		return nil, err
	}
	s.drain(ctx)
	// The first process may have been one that did not come up.
	if err := s.waitConnector(ctx, s.pids["engine"]); err != nil {
		return nil, err
	}
	before, stages := s.cpu(), s.stages(ctx)
	start := time.Now()
	if err := load.post(ctx, s.cmd.Duration, true); err != nil {
		return nil, err
	}
	took := time.Since(start)
	pss := map[string]int64{}
	for name, pid := range s.pids {
		pss[name] = pssOf(pid)
	}
	s.drain(ctx)
	r := &benchReport{cmd: s.cmd, took: took, accepted: load.accepted, refused: load.refused, errs: load.errs, accepts: load.accepts, pss: pss, cpu: map[string]time.Duration{}}
	for name, after := range s.cpu() {
		r.cpu[name] = after - before[name]
	}
	r.stages = since(stages, s.stages(ctx))
	v := s.receiver
	v.mu.Lock()
	defer v.mu.Unlock()
	r.until, r.completed, r.ends = v.last.Sub(start), v.completed, v.latencies
	r.lost, r.duplicates, r.invalid, r.unsigned = len(v.due), v.duplicates, v.invalid, v.unsigned
	return r, nil
}

// drain waits until every expected callback has come, or for long enough.
func (s *benchSystem) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.cmd.Drain)
	defer cancel()
	for s.receiver.open() > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *benchSystem) cpu() map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, pid := range s.pids {
		out[name] = cpuOf(pid)
	}
	out[loadName] = cpuOf(os.Getpid())
	return out
}

// loadName is the load itself, sender and receiver: shown, and part of no sum.
const loadName = "load"

// stages reads the sums and counts of the engine's histograms.
func (s *benchSystem) stages(ctx context.Context) map[string][2]float64 {
	out := map[string][2]float64{}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return out
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return out
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	for line := range strings.Lines(string(raw)) {
		readSample(out, strings.TrimSpace(line))
	}
	return out
}

// readSample adds a line of a histogram's _sum or _count to its name.
func readSample(out map[string][2]float64, line string) {
	if strings.HasPrefix(line, "#") {
		return
	}
	name, labels, _ := strings.Cut(line, "{")
	value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
	if err != nil {
		return
	}
	base, isSum := strings.CutSuffix(name, "_sum")
	base, isCount := strings.CutSuffix(base, "_count")
	if !isSum && !isCount || !strings.HasSuffix(base, "_seconds") || !strings.HasPrefix(base, "afara_") {
		return
	}
	key := strings.TrimSuffix(strings.TrimPrefix(base, "afara_"), "_seconds")
	for _, label := range []string{`stage="`, `event="`, `route="`} {
		if _, rest, ok := strings.Cut(labels, label); ok {
			text, _, _ := strings.Cut(rest, `"`)
			key += " " + text
		}
	}
	v := out[key]
	if isSum {
		v[0] += value
	} else {
		v[1] += value
	}
	out[key] = v
}

func since(before, after map[string][2]float64) []stageTime {
	var out []stageTime
	for name, v := range after {
		count := v[1] - before[name][1]
		if count > 0 {
			mean := time.Duration((v[0] - before[name][0]) / count * float64(time.Second))
			out = append(out, stageTime{name, count, mean})
		}
	}
	slices.SortFunc(out, func(a, b stageTime) int { return strings.Compare(a.name, b.name) })
	return out
}

// cpuPerInvoice is what one completed invoice cost a process; "" means all.
func (r *benchReport) cpuPerInvoice(name string) time.Duration {
	var sum time.Duration
	for n, d := range r.cpu {
		if name == "" && n != loadName || n == name {
			sum += d
		}
	}
	if r.completed == 0 {
		return 0
	}
	return sum / time.Duration(r.completed)
}

func (r *benchReport) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	target := "as fast as intake lets"
	if r.cmd.Rate > 0 {
		target = fmt.Sprintf("%d/s", r.cmd.Rate)
	}
	database, redis := "SQLite, synchronous FULL", "embedded"
	if r.cmd.Database != "" {
		database = "PostgreSQL"
	}
	if r.cmd.Redis != "" {
		redis = "Redis"
	}
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
	p("process      CPU/invoice   memory (PSS)")
	var memory int64
	for _, name := range []string{"engine", "connector", "sandbox", "redis"} {
		if _, ok := r.cpu[name]; ok {
			p("%-10s   %11s   %8.1f MB", name, r.cpuPerInvoice(name).Round(time.Microsecond), float64(r.pss[name])/1e6)
			memory += r.pss[name]
		}
	}
	p("%-10s   %11s   %8.1f MB", "all", r.cpuPerInvoice("").Round(time.Microsecond), float64(memory)/1e6)
	p("%-10s   %11s   beside it, in no sum", loadName, r.cpuPerInvoice(loadName).Round(time.Microsecond))
	p("")
	p("where the time goes (mean of each)")
	for _, s := range r.stages {
		p("  %-40s %10s  x %.0f", s.name, s.mean.Round(time.Microsecond), s.count)
	}
	p("")
	p("this machine, in this run: %.0f fsync/s, %.0f loopback POST/s, SHA-256 %.0f MB/s on one core", r.limits.syncs, r.limits.http, r.limits.sha256)
}

func percentiles(d []time.Duration) string {
	if len(d) == 0 {
		return "-"
	}
	slices.Sort(d)
	at := func(q float64) string {
		return fmt.Sprintf("%9s", d[min(len(d)-1, int(q*float64(len(d))))].Round(10*time.Microsecond))
	}
	return at(.5) + " " + at(.9) + " " + at(.99) + " " + at(1)
}
