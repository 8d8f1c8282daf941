package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheGateOfPaymentsCountsAllButTheLoad(t *testing.T) {
	t.Parallel()
	within := map[string]time.Duration{"engine": 250 * time.Millisecond, "connector": 100 * time.Millisecond, "sandbox": 40 * time.Millisecond, "redis": 10 * time.Millisecond, loadName: time.Second}
	over := map[string]time.Duration{"engine": 250 * time.Millisecond, "connector": 100 * time.Millisecond, "sandbox": 51 * time.Millisecond}
	for _, c := range []struct {
		name   string
		report benchPaymentsReport
		http   float64
		pass   bool
	}{
		{"within", benchPaymentsReport{benchFigures: benchFigures{cpu: within}}, 40_000, true},
		{"over", benchPaymentsReport{benchFigures: benchFigures{cpu: over}}, 40_000, false},
		{"over on a slower machine", benchPaymentsReport{benchFigures: benchFigures{cpu: over}}, 35_000, true},
		{"lost", benchPaymentsReport{benchFigures: benchFigures{lost: 1}}, 40_000, false},
		{"told twice", benchPaymentsReport{benchFigures: benchFigures{duplicates: 1}}, 40_000, false},
		{"not settled", benchPaymentsReport{unsettled: 1}, 40_000, false},
		{"a wrong ledger", benchPaymentsReport{ledger: ledgerVerdict{err: errors.New("1 fault")}}, 40_000, false},
	} {
		c.report.completed, c.report.limits = 100, benchLimits{http: c.http}
		if err := c.report.gate(); (err == nil) != c.pass {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheGateOfPromptsCountsTheEnginesCores(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cores float64
		left  int
		pass  bool
	}{{0.2, 0, true}, {0.21, 0, false}, {0.1, 1, false}} {
		r := benchPendingReport{cmd: &benchPaymentsCmd{}, waiting: window{cores: c.cores}, unanswered: c.left}
		r.limits.http = referenceHTTP
		if err := r.gate(); (err == nil) != c.pass {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTheBenchOfPaymentsRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []benchPaymentsCmd{
		{benchFlags: benchFlags{Rate: -1}}, {Payouts: -1}, {Payouts: 1}, {Pending: -1}, {Pending: maxPending + 1},
		{Pending: 1, Prompts: true}, {Pending: 1, Payouts: 2}, {benchFlags: benchFlags{Gate: true, Redis: "redis://127.0.0.1"}}, {benchFlags: benchFlags{Gate: true}, Payouts: 2},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestTheReceiverTellsThePayersTimeApart(t *testing.T) {
	t.Parallel()
	r := &paymentReceiver{benchBook: newBenchBook(), ended: map[string]int{}}
	r.payouts = newPaymentPayouts(&benchPayments{cmd: &benchPaymentsCmd{}}, r.benchBook)
	due := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	r.expect([]string{"a", "b"}, due, true)
	r.expect([]string{"warm", refundName("TX_1")}, due, false)
	event := func(kind, reference, status string) {
		e := paymentEvent{Kind: kind}
		e.Data.Type, e.Data.OrderRef, e.Data.Parent, e.Data.Status = strings.TrimPrefix(kind, "payment."), reference, "TX_1", status
		e.Data.CompletedAt, e.Data.Raw.Latency = due.Add(1500*time.Millisecond), 1200
		r.note(&e)
	}
	event("payment.completed", "a", "SUCCESS")
	event("payment.completed", "b", "TIMEOUT")
	event("payment.completed", "warm", "SUCCESS")
	event("payment.completed", "nobody's", "SUCCESS")
	event("payment.refunded", "a", "INSUFFICIENT_FUNDS") // found by its collection
	if got := fmt.Sprint(r.settled, r.ours, r.ended); got != "[1.5s] [300ms] map[completed TIMEOUT:1 refunded INSUFFICIENT_FUNDS:1]" {
		t.Error(got)
	}
}
