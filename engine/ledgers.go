package engine

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/telemetry"
)

func (e *Engine) wireLedger() error {
	folds, err := newLedgerMetrics(e.metrics)
	if err != nil {
		return err
	}
	e.Ledger, err = ledger.New(ledger.Config{Store: e.Store, Node: e.node.ID(), Log: e.log, Corridors: e.Corridors, Observe: folds.observe})
	return err
}

// ledgerMetrics counts what was folded and what did not add up.
type ledgerMetrics struct {
	folded, faults *prometheus.CounterVec
	seconds        *prometheus.HistogramVec
}

func newLedgerMetrics(m *telemetry.Metrics) (*ledgerMetrics, error) {
	var l ledgerMetrics
	return &l, firstError(
		func() (err error) {
			l.folded, err = m.Counter("ledger_folded_total", "Postings that snapshots of accounts cover since.")
			return err
		},
		func() (err error) {
			l.faults, err = m.Counter("ledger_faults_total", "Times that folding found something that does not add up. Any is an alarm.", "kind")
			if err != nil {
				return err
			}
			for _, kind := range []ledger.FaultKind{ledger.FaultTail, ledger.FaultSnapshot} { // there from the start, so that the first one is a rise
				l.faults.WithLabelValues(string(kind))
			}
			return nil
		},
		func() (err error) {
			l.seconds, err = m.Seconds("ledger_fold_seconds", "Time of one round of folding.")
			return err
		},
	)
}

func (l *ledgerMetrics) observe(o ledger.Observation) {
	l.folded.WithLabelValues().Add(float64(o.Folded))
	l.seconds.WithLabelValues().Observe(o.Took.Seconds())
	for _, f := range o.Faults {
		l.faults.WithLabelValues(string(f.Kind)).Inc()
	}
}
