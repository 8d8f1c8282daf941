package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// benchPaymentsCmd starts engine, connector and the operators' stand-ins as
// processes, creates collections over HTTP, receives what became of them and
// reports.
type benchPaymentsCmd struct {
	benchFlags `set:"Things=Collections"`
	Prompts    bool `help:"Let a payer approve each on the telephone; else the operator ends it by itself after about a second."`
	Payouts    int  `help:"One settled collection in so many is refunded and another sum paid out, at least 2; 0 for none." default:"0"`
	Pending    int  `help:"Measure what so many prompts cost that nobody answers, instead; docs/performance.md has 15000. 0 for none." default:"0"`
}

// Validate keeps to what the engine and the stand-ins take.
func (c *benchPaymentsCmd) Validate() error {
	switch {
	case c.Rate < 0:
		return errors.New("rate: must not be negative")
	case c.Payouts < 0 || c.Payouts == 1:
		return errors.New("payouts: must be 0, or at least 2: the float pays for them")
	case c.Pending < 0 || c.Pending > maxPending:
		return fmt.Errorf("pending: must be 0 to %d", maxPending)
	case c.Pending > 0 && (c.Prompts || c.Payouts > 0):
		return errors.New("pending: nobody answers, so leave prompts and payouts out")
	case c.Gate && c.Payouts > 0:
		return errors.New("payouts: the gate counts what a collection costs alone: leave them out")
	case c.Gate && c.Redis != "" && c.RedisPID == 0:
		return errors.New("redis-pid: the gate counts what Redis costs: name its process")
	}
	return nil
}

// Run measures and prints the report.
func (c *benchPaymentsCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(dir string, limits benchLimits) error {
		s, err := startBenchPayments(ctx, c, dir)
		if err != nil {
			return err
		}
		defer s.stop()
		report, err := s.report(ctx, limits)
		if err != nil {
			return err
		}
		report.print(os.Stdout)
		if !c.Gate {
			return nil
		}
		return report.gate()
	})
}

// paymentReport is what a run shows, and what of it gates.
type paymentReport interface {
	print(w io.Writer)
	gate() error
}

func (s *benchPayments) report(ctx context.Context, limits benchLimits) (paymentReport, error) {
	if s.cmd.Pending > 0 {
		r, err := s.pending(ctx)
		r.limits = limits
		return r, err
	}
	r, err := s.measure(ctx)
	r.limits = limits
	return r, err
}

const (
	// maxPaymentCPU is what one settled collection may cost all our processes and
	// Redis on the reference machine.
	maxPaymentCPU = 4 * time.Millisecond
	// maxPendingCores is what the engine may take while prompts wait.
	maxPendingCores = 0.2
	// maxPending is what the stand-in keeps open.
	maxPending = 45_000
)

func (r *benchPaymentsReport) gate() error {
	var errs []error
	if cpu, most := r.cpuPer(""), scale(maxPaymentCPU, r.limits.slower()); cpu > most {
		errs = append(errs, fmt.Errorf("all processes: %s CPU per settled collection, at most %s", cpu, most))
	}
	if r.lost > 0 || r.duplicates > 0 || r.invalid > 0 {
		errs = append(errs, fmt.Errorf("%d lost, %d twice, %d with a bad signature", r.lost, r.duplicates, r.invalid))
	}
	if r.unsettled > 0 {
		errs = append(errs, fmt.Errorf("%d are not settled", r.unsettled))
	}
	return errors.Join(append(errs, r.ledger.gate())...)
}

func (r *benchPendingReport) gate() error {
	var errs []error
	if most := maxPendingCores * r.limits.slower(); r.waiting.cores > most {
		errs = append(errs, fmt.Errorf("engine: %.3f cores while %d prompts wait, at most %.3f", r.waiting.cores, r.cmd.Pending, most))
	}
	if r.unanswered > 0 {
		errs = append(errs, fmt.Errorf("%d of %d that were approved were not told", r.unanswered, r.answered))
	}
	return errors.Join(append(errs, r.ledger.gate())...)
}
