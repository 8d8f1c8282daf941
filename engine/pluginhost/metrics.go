package pluginhost

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/domain"
)

// metrics are the host's series. Labels are names from manifests and classes,
// never ids, so that their number is bounded.
type metrics struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	restarts *prometheus.CounterVec
}

func newMetrics() *metrics {
	instance := []string{"connector", "environment"}
	return &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "afara_connector_calls_total", Help: "Calls of a connector by how they ended.",
		}, append(instance, "operation", "class")),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "afara_connector_call_seconds", Help: "How long calls of a connector took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, append(instance, "operation")),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "afara_connector_restarts_total", Help: "Restarts of a connector's process by what came before.",
		}, append(instance, "reason")),
	}
}

func (m *metrics) restarted(in *instance, reason string) {
	m.restarts.WithLabelValues(in.name, string(in.env), reason).Inc()
}

// operationMeters are looked up once, for the hot path.
type operationMeters struct {
	result  prometheus.Counter
	calls   *prometheus.CounterVec
	seconds prometheus.Observer
}

func (m *metrics) operation(connector string, env domain.EnvironmentKind, op string) operationMeters {
	labels := prometheus.Labels{"connector": connector, "environment": string(env), "operation": op}
	calls := m.calls.MustCurryWith(labels)
	return operationMeters{
		result: calls.WithLabelValues(string(domain.ClassResult)), calls: calls,
		seconds: m.seconds.With(labels),
	}
}

func (m operationMeters) observe(class domain.Class, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	if class == domain.ClassResult {
		m.result.Inc()
		return
	}
	m.calls.WithLabelValues(string(class)).Inc()
}

// gauges are read from the instances when somebody scrapes.
type gauges struct {
	host               *Host
	up, inFlight, open *prometheus.Desc
}

func newGauges(h *Host) *gauges {
	labels := []string{"connector", "environment"}
	return &gauges{
		host:     h,
		up:       prometheus.NewDesc("afara_connector_up", "1 while calls can go out.", labels, nil),
		inFlight: prometheus.NewDesc("afara_connector_in_flight", "Calls under way.", labels, nil),
		open:     prometheus.NewDesc("afara_connector_breakers_open", "Connections whose breaker is not closed.", labels, nil),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.up
	ch <- g.inFlight
	ch <- g.open
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	for _, in := range g.host.list() {
		up := 0.0
		if in.ready() {
			up = 1
		}
		labels := []string{in.name, string(in.env)}
		ch <- prometheus.MustNewConstMetric(g.up, prometheus.GaugeValue, up, labels...)
		ch <- prometheus.MustNewConstMetric(g.inFlight, prometheus.GaugeValue, float64(in.inFlight.Load()), labels...)
		ch <- prometheus.MustNewConstMetric(g.open, prometheus.GaugeValue, float64(in.breakersOpen()), labels...)
	}
}

// register makes the series visible, all or none of them.
func (h *Host) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	done := []prometheus.Collector{}
	for _, c := range []prometheus.Collector{h.metrics.calls, h.metrics.seconds, h.metrics.restarts, newGauges(h)} {
		if err := r.Register(c); err != nil {
			unregister(r, done)
			return fmt.Errorf("pluginhost: Metrics: %w; give each host a registry of its own", err)
		}
		done = append(done, c)
	}
	h.collectors = done
	return nil
}

func unregister(r prometheus.Registerer, all []prometheus.Collector) {
	for _, c := range all {
		r.Unregister(c)
	}
}
