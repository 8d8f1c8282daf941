package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// benchEventsCmd starts an engine as a process, publishes events over HTTP,
// receives them and reports. No connector and no sandbox take part.
type benchEventsCmd struct {
	benchFlags  `set:"Things=Events"`
	Batch       int `help:"Events in one request, 1 to 100." default:"1"`
	Endpoints   int `help:"Webhooks that each event goes to, 1 to 20." default:"1"`
	Retries     int `help:"Refused events whose retry is timed after the load, 50 a second; 0 for none." default:"200"`
	PostgresPID int `name:"postgres-pid" help:"Process id of PostgreSQL's first process, to show its CPU beside ours."`
}

// Validate keeps to what the engine takes.
func (c *benchEventsCmd) Validate() error {
	switch {
	case c.Batch < 1 || c.Batch > 100:
		return errors.New("batch: must be 1 to 100")
	case c.Endpoints < 1 || c.Endpoints > 20:
		return errors.New("endpoints: must be 1 to 20")
	case c.Rate < 0:
		return errors.New("rate: must not be negative")
	case c.Retries < 0 || c.Retries > maxBenchRetries:
		return fmt.Errorf("retries: must be 0 to %d", maxBenchRetries)
	case c.Gate && c.Retries == 0:
		return errors.New("retries: the gate counts how late they come: at least 1")
	case c.Gate && c.Redis != "" && c.RedisPID == 0:
		return errors.New("redis-pid: the gate counts what Redis costs: name its process")
	}
	return nil
}

// Run measures and prints the report.
func (c *benchEventsCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(dir string, limits benchLimits) error {
		s, err := startBenchEvents(ctx, c, dir)
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

// maxBenchRetries is a minute of them.
const maxBenchRetries = 60 * retryRate

// maxEventCPU is what one event may cost all our processes and Redis on the
// reference machine.
const maxEventCPU = 600 * time.Microsecond

func (r *benchEventsReport) gate() error {
	var errs []error
	if cpu, most := r.cpuPer(""), scale(maxEventCPU, r.limits.slower()); cpu > most {
		errs = append(errs, fmt.Errorf("all processes: %s CPU per event, at most %s", cpu, most))
	}
	if r.lost > 0 || r.duplicates > 0 || r.invalid > 0 {
		errs = append(errs, fmt.Errorf("%d lost, %d twice, %d with a bad signature", r.lost, r.duplicates, r.invalid))
	}
	return errors.Join(append(errs, r.retries.gate())...)
}
