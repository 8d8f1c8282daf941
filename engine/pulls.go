package engine

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/telemetry"
)

// Gone is what others write when a connection is deleted.
func Gone() []func(domain.ConnectionID, time.Time) domain.Part {
	return []func(domain.ConnectionID, time.Time) domain.Part{pull.Gone, corridor.Gone}
}

func (e *Engine) wirePulls() error {
	runs, err := newPullMetrics(e.metrics)
	if err != nil {
		return err
	}
	e.Pulls, err = pull.New(pull.Config{
		Store: e.Store, Applier: e.Applier, Connectors: e.Host, Connections: PulledConnections{e.Registry},
		Node: e.node.ID(), Log: e.log, Rest: e.node.Draining, Observe: runs.observe,
	})
	return err
}

// PulledConnections knows which connections' streams may be read.
type PulledConnections struct{ *registry.Service }

// Open implements pull.Connections.
func (p PulledConnections) Open(ctx context.Context) (open []pull.Connection, err error) {
	list, err := p.List(ctx, "")
	for _, c := range list {
		if c.Enabled && c.Paused == nil {
			open = append(open, Pulled(c))
		}
	}
	return open, err
}

// Reopen implements pull.Connections.
func (p PulledConnections) Reopen(ctx context.Context, c pull.Connection) (pull.Connection, bool, error) {
	is, err := p.Shown(ctx, c.Environment, c.Ref.ID)
	if errors.Is(err, registry.ErrConnectionNotFound) {
		return c, false, nil
	}
	return Pulled(is), is.Enabled && is.Paused == nil, err
}

// Pulled is a connection as the reader of its streams knows it.
func Pulled(c registry.Connection) pull.Connection {
	return pull.Connection{Ref: c.Ref(), Environment: c.Environment, Every: c.PollEvery}
}

// pullMetrics counts what was read of streams.
type pullMetrics struct {
	seconds *prometheus.HistogramVec
	records *prometheus.CounterVec
}

func newPullMetrics(m *telemetry.Metrics) (*pullMetrics, error) {
	var p pullMetrics
	return &p, firstError(
		func() (err error) {
			p.seconds, err = m.Seconds("pull_run_seconds", "Time of one read of a stream up to its present end.", "connector", "cause", "state", "class")
			return err
		},
		func() (err error) {
			p.records, err = m.Counter("pull_records_total", "Records read of streams: all, and of these the new and the changed ones.", "connector", "what")
			return err
		},
	)
}

func (p *pullMetrics) observe(o pull.Observation) {
	p.seconds.WithLabelValues(o.Connector, string(o.Cause), string(o.State), string(o.Class)).Observe(o.Took.Seconds())
	p.records.WithLabelValues(o.Connector, "read").Add(float64(o.Read))
	p.records.WithLabelValues(o.Connector, "new").Add(float64(o.New))
	p.records.WithLabelValues(o.Connector, "changed").Add(float64(o.Changed))
}
