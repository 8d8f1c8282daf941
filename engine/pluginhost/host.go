package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/domain"
)

// Host is the only way to a connector. All methods may be called from many
// goroutines.
type Host struct {
	cfg        Config
	shelf      *shelf
	run        *runDir
	launch     *launcher
	cages      *cages
	metrics    *metrics
	collectors []prometheus.Collector
	gate       *gate

	ctx         context.Context // ends when the supervisors shall
	stop        context.CancelFunc
	supervisors sync.WaitGroup

	mu        sync.RWMutex
	instances map[instanceKey]*instance
	orders    map[instanceKey]Order
	chosen    map[instanceKey]choice
	listeners []chan struct{}

	ordering sync.Mutex // held while an order is taken: folders may be read
}

type instanceKey struct {
	connector string
	env       domain.EnvironmentKind
}

// New reads the catalog, sweeps what a dead host left behind and starts
// nothing. A connector that cannot be used is no error: Status says why.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	catalog, err := readCatalog(cfg)
	if err != nil {
		return nil, err
	}
	run, swept, err := openRunDir(cfg.RunDir)
	if err != nil {
		return nil, err
	}
	if swept > 0 {
		cfg.Log.Warn("ended connectors that a dead host had left behind", "processes", swept)
	}
	h := &Host{
		cfg: cfg, run: run, metrics: newMetrics(), gate: newGate(), launch: newLauncher(), cages: newCages(),
		instances: map[instanceKey]*instance{}, orders: map[instanceKey]Order{}, chosen: map[instanceKey]choice{},
	}
	h.shelf = &shelf{
		cfg: &h.cfg, executables: &executables{dir: filepath.Join(run.path, "bin")}, first: catalog, kept: map[string][]*entry{},
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	if err := h.register(cfg.Metrics); err != nil {
		h.stop()
		h.launch.close()
		return nil, errors.Join(err, run.remove())
	}
	return h, nil
}

// Need starts the connector's process for that kind of environment, if it does
// not run yet, and keeps it running until Close. It does not wait: Ready and
// Subscribe say when calls can go out. A connector that is not installed, or
// not usable, is shown by Status as incompatible.
func (h *Host) Need(connector string, env domain.EnvironmentKind) {
	key := instanceKey{connector, env}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.instances[key] != nil || h.ctx.Err() != nil {
		return
	}
	in := h.newInstance(h.choiceOf(key), connector, env)
	in.order = h.orders[key]
	in.sink.setLevel(in.order.LogLevel)
	h.instances[key] = in
	h.supervisors.Go(func() { in.supervise(h.ctx) })
}

func (h *Host) newInstance(c choice, connector string, env domain.EnvironmentKind) *instance {
	log := h.cfg.Log.With("connector", connector, "environment", string(env))
	redact := newRedactor()
	in := &instance{
		cfg: &h.cfg, name: connector, env: env, notify: h.changed, metrics: h.metrics, redact: redact, log: log,
		sink:       newLogSink(log, h.cfg.Now, redact),
		start:      h.startInstance,
		background: h.supervisors.Go,
		ordered:    make(chan struct{}, 1),
		state:      StateStarting, since: h.cfg.Now(), counts: map[string]*operationCount{}, choice: c,
	}
	in.served.Store(in.serves(c.entry))
	return in
}

func (e *entry) maxInFlight(limit int) int {
	if e.manifest != nil && e.manifest.Limits != nil && e.manifest.Limits.MaxInFlight > 0 {
		return min(limit, e.manifest.Limits.MaxInFlight)
	}
	return limit
}

// startInstance starts one process of a version for an instance.
func (h *Host) startInstance(in *instance, s *served) (*process, error) {
	executable, err := h.shelf.executables.place(s.entry)
	if err != nil {
		return nil, err
	}
	dir, err := h.run.newStart()
	if err != nil {
		return nil, err
	}
	in.sink.fresh()
	p, err := startProcess(launchSpec{
		executable: executable, env: in.environ(dir), timeout: h.cfg.StartTimeout,
		maxAnswer: h.cfg.MaxAnswerBytes, same: s.sameManifest,
		dir: dir, launch: h.launch, limits: h.cfg.Limits, cages: h.cages, sink: in.sink, now: h.cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	if p.isolation != nil {
		p.isolation.FilesProtected = s.protected()
	}
	p.served, p.slots = s, make(chan struct{}, s.maxInFlight(h.cfg.MaxInFlight))
	return p, nil
}

// find answers the instance that serves a connection.
func (h *Host) find(ref domain.ConnectionRef) (*instance, *domain.ConnectorError) {
	h.mu.RLock()
	in := h.instances[instanceKey{ref.Connector, ref.Environment}]
	h.mu.RUnlock()
	if in == nil {
		return nil, unavailable("connector_not_ready", fmt.Sprintf("connector %s is not started for %s on this node", ref.Connector, ref.Environment), time.Second)
	}
	if e := in.served.Load(); e.fault != "" {
		return nil, unavailable("connector_unusable", e.fault, h.cfg.RestartMax)
	}
	return in, nil
}

func (h *Host) list() []*instance {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Collect(maps.Values(h.instances))
}

// Ready reports whether calls can go out now.
func (h *Host) Ready(connector string, env domain.EnvironmentKind) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	in := h.instances[instanceKey{connector, env}]
	return in != nil && in.ready()
}

// Subscribe answers a channel that gets a token after any change of an
// instance's state or readiness; tokens that nobody takes merge into one.
func (h *Host) Subscribe() <-chan struct{} {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners = append(h.listeners, ch)
	return ch
}

func (h *Host) changed() {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, ch := range h.listeners {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Close refuses new calls, waits for those in flight until ctx ends, and ends
// every process. What ctx cuts is an unknown outcome of its caller; the error
// is ctx's then. Every call has returned when Close does.
func (h *Host) Close(ctx context.Context) error {
	idle, first := h.gate.shut()
	if !first {
		h.supervisors.Wait()
		return nil
	}
	var cut error
	select {
	case <-idle:
	case <-ctx.Done():
		cut = fmt.Errorf("close connectors: calls were cut: %w", ctx.Err())
	}
	h.mu.Lock() // no Need comes between the two
	h.stop()
	h.mu.Unlock()
	h.supervisors.Wait()
	<-idle
	h.launch.close()
	if h.cfg.Metrics != nil {
		unregister(h.cfg.Metrics, h.collectors)
	}
	return errors.Join(cut, h.run.remove())
}
