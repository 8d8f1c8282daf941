package engine

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
	"github.com/afara-dev/afara/engine/webhook"
)

// commitMetrics counts the database's commits: members over commits is how
// well the groups fill.
type commitMetrics struct {
	commits *prometheus.CounterVec
	members *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newCommitMetrics(m *telemetry.Metrics) (*commitMetrics, error) {
	var c commitMetrics
	return &c, firstError(
		func() (err error) {
			c.commits, err = m.Counter("store_commits_total", "Commits of the database.", "result")
			return err
		},
		func() (err error) {
			c.members, err = m.Counter("store_members_total", "Changes that shared those commits.", "result")
			return err
		},
		func() (err error) {
			c.seconds, err = m.Seconds("store_commit_seconds", "Time of one commit with its statements.", "result")
			return err
		},
	)
}

func (c *commitMetrics) observe(o store.Commit) {
	result := "ok"
	if o.Lost != nil {
		result = "lost"
	}
	c.commits.WithLabelValues(result).Inc()
	c.members.WithLabelValues(result).Add(float64(o.Members))
	c.seconds.WithLabelValues(result).Observe(o.Took.Seconds())
}

// callMetrics counts finished calls of connectors and what followed.
type callMetrics struct {
	seconds *prometheus.HistogramVec
	next    func(pipeline.Observation)
}

func newCallMetrics(m *telemetry.Metrics, next func(pipeline.Observation)) (*callMetrics, error) {
	seconds, err := m.Seconds("stage_seconds", "Time of the call of a stage.", "connector", "stage", "class", "verdict")
	return &callMetrics{seconds: seconds, next: next}, err
}

func (c *callMetrics) observe(o pipeline.Observation) {
	c.seconds.WithLabelValues(o.Connector, string(o.Stage), string(o.Class), o.Verdict).Observe(o.Took.Seconds())
	if c.next != nil {
		c.next(o)
	}
}

// callbackMetrics counts attempts of callbacks.
type callbackMetrics struct {
	seconds *prometheus.HistogramVec
	next    func(callback.Attempted)
}

func newCallbackMetrics(m *telemetry.Metrics, next func(callback.Attempted)) (*callbackMetrics, error) {
	seconds, err := m.Seconds("callback_attempt_seconds", "Time of one attempt of a callback.", "event", "status")
	return &callbackMetrics{seconds: seconds, next: next}, err
}

func (c *callbackMetrics) observe(a callback.Attempted) {
	c.seconds.WithLabelValues(a.Event.Type, string(a.Status)).Observe(a.Result.Duration.Seconds())
	if c.next != nil {
		c.next(a)
	}
}

// publishMetrics counts envelopes that went to the bus.
type publishMetrics struct{ envelopes *prometheus.CounterVec }

func newPublishMetrics(m *telemetry.Metrics) (*publishMetrics, error) {
	envelopes, err := m.Counter("bus_published_total", "Envelopes published on the bus.", "stream", "result")
	return &publishMetrics{envelopes: envelopes}, err
}

func (p *publishMetrics) observe(stream string, n int, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	p.envelopes.WithLabelValues(stream, result).Add(float64(n))
}

// webhookMetrics counts what became of vendors' requests.
type webhookMetrics struct{ decisions *prometheus.CounterVec }

func newWebhookMetrics(m *telemetry.Metrics) (*webhookMetrics, error) {
	decisions, err := m.Counter("webhooks_total", "Attempts to verify what vendors pushed, by what became of it.", "connector", "kind", "state", "later")
	return &webhookMetrics{decisions: decisions}, err
}

func (w *webhookMetrics) observe(o webhook.Observation) {
	w.decisions.WithLabelValues(o.Connector, o.Kind, string(o.State), strconv.FormatBool(o.Later)).Inc()
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
