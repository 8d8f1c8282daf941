package telemetry

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Namespace starts the name of every metric of the engine.
const Namespace = "afara"

// Metrics is one engine's registry. Two engines in one process have two. It is
// safe for concurrent use.
type Metrics struct{ registry *prometheus.Registry }

// New makes a registry that already holds the metrics of the process and of Go.
func New() *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return &Metrics{registry: r}
}

// Registry is where a package may register collectors of its own.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Counter makes the counter afara_<name>; the name ends in "_total". Asking for
// the same name and labels again gives the same counter; other labels under
// that name are an error.
func (m *Metrics) Counter(name, help string, labels ...string) (*prometheus.CounterVec, error) {
	return register(m, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: Namespace, Name: name, Help: help,
	}, labels))
}

// Gauge makes the gauge afara_<name>, as Counter does.
func (m *Metrics) Gauge(name, help string, labels ...string) (*prometheus.GaugeVec, error) {
	return register(m, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: Namespace, Name: name, Help: help,
	}, labels))
}

// Seconds makes the histogram afara_<name> of durations, as Counter does; the
// name ends in "_seconds". Its buckets go from half a millisecond to a minute.
func (m *Metrics) Seconds(name, help string, labels ...string) (*prometheus.HistogramVec, error) {
	return register(m, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: Namespace, Name: name, Help: help, Buckets: secondBuckets(),
	}, labels))
}

// GaugeFunc makes a gauge that is read when it is scraped; read must be quick
// and safe for concurrent use. A name can be used once.
func (m *Metrics) GaugeFunc(name, help string, read func() float64) error {
	return m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: Namespace, Name: name, Help: help,
	}, read))
}

func register[C prometheus.Collector](m *Metrics, c C) (C, error) {
	err := m.registry.Register(c)
	var twice prometheus.AlreadyRegisteredError
	if errors.As(err, &twice) {
		if same, ok := twice.ExistingCollector.(C); ok {
			return same, nil
		}
	}
	return c, err
}

func secondBuckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}
