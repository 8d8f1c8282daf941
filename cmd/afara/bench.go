package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// benchCmd measures a whole way on a system of its own.
type benchCmd struct {
	Invoices benchInvoicesCmd `cmd:"" help:"Post invoices and wait for their callbacks: rates, latencies, CPU per invoice, memory, losses."`
	Events   benchEventsCmd   `cmd:"" help:"Publish events and wait for their deliveries: rates, latencies, CPU per event, memory, losses, backlog, retries in time."`
	Payments benchPaymentsCmd `cmd:"" help:"Create collections and wait until they are settled and told: rates, latencies, CPU per collection, memory, what is left, the ledger."`
}

// benchFlags are those of every bench. ${Things} are what it posts.
type benchFlags struct {
	Rate        int           `help:"${Things} per second; 0 means as fast as intake lets." default:"200"`
	Duration    time.Duration `help:"How long to post." default:"20s"`
	Warmup      time.Duration `help:"How long to post before measuring." default:"3s"`
	Connections int           `help:"Client connections." default:"32"`
	Database    string        `help:"PostgreSQL URL; empty for a fresh SQLite file." placeholder:"URL"`
	Redis       string        `help:"Redis URL; empty for the embedded server." placeholder:"URL"`
	RedisPID    int           `name:"redis-pid" help:"Process id of that Redis, to count its CPU and memory."`
	Bin         string        `help:"Folder with the programs afara, sandbox and plugins/." placeholder:"DIR"`
	Drain       time.Duration `help:"How long to wait for the last callbacks; what has not come by then counts as lost." default:"30s"`
	Pprof       string        `help:"Loopback address for the engine's profiler." placeholder:"HOST:PORT"`
	Gate        bool          `help:"Fail when what docs/performance.md promises does not hold."`
	Keep        bool          `help:"Keep the folder with database and logs."`
}

// with measures the machine and gives do a folder of its own.
func (c *benchFlags) with(ctx context.Context, do func(dir string, limits benchLimits) error) error {
	if c.Bin == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Bin = filepath.Dir(self)
	}
	dir, err := os.MkdirTemp("", "afara-bench")
	if err != nil {
		return err
	}
	if c.Keep {
		fmt.Println("folder", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	limits, err := measureLimits(ctx, dir)
	if err != nil {
		return fmt.Errorf("measure the machine: %w", err)
	}
	return do(dir, limits)
}

// On a machine that answers referenceHTTP loopback requests a second, what is
// posted may cost the CPU of docs/performance.md. On a slower one, which a
// virtual machine is for minutes at a time, more is allowed in proportion, up to
// mostSlower: what gates is our work, not the neighbours'.
const (
	referenceHTTP = 40_000
	mostSlower    = 1.3
)

// slower is how much slower than the reference this machine was in this run.
func (l benchLimits) slower() float64 {
	if l.http <= 0 {
		return 1
	}
	return min(max(1, referenceHTTP/l.http), mostSlower)
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// benchInvoicesCmd starts engine, connector and sandbox as processes, drives
// them at a rate from outside and reports.
type benchInvoicesCmd struct {
	benchFlags `set:"Things=Invoices"`
	Latency    time.Duration `help:"How long the authority takes to answer each call." default:"0s"`
}

// Run measures and prints the report.
func (c *benchInvoicesCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(dir string, limits benchLimits) error {
		s, err := startBenchSystem(ctx, c, dir)
		if err != nil {
			return err
		}
		defer s.stop()
		report, err := s.measure(ctx)
		if err != nil {
			return err
		}
		report.limits = limits
		report.print(os.Stdout)
		if !c.Gate {
			return nil
		}
		return report.gate()
	})
}

// The CPU that one invoice may cost on the reference machine.
const (
	maxEngineCPU = 1500 * time.Microsecond
	maxAllCPU    = 2600 * time.Microsecond
)

func (r *benchReport) gate() error {
	var errs []error
	slower := r.limits.slower()
	engine, all := scale(maxEngineCPU, slower), scale(maxAllCPU, slower)
	if cpu := r.cpuPer("engine"); cpu > engine {
		errs = append(errs, fmt.Errorf("engine: %s CPU per invoice, at most %s", cpu, engine))
	}
	if cpu := r.cpuPer(""); cpu > all {
		errs = append(errs, fmt.Errorf("all processes: %s CPU per invoice, at most %s", cpu, all))
	}
	if r.lost > 0 || r.duplicates > 0 {
		errs = append(errs, fmt.Errorf("%d lost, %d callbacks twice", r.lost, r.duplicates))
	}
	return errors.Join(errs...)
}
