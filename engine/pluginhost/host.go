package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Host is the only way to a connector. All methods may be called from many
// goroutines.
type Host struct {
	cfg         Config
	catalog     map[string]*entry
	run         *runDir
	executables *executables
	launch      *launcher
	metrics     *metrics
	collectors  []prometheus.Collector
	gate        *gate

	ctx         context.Context // ends when the supervisors shall
	stop        context.CancelFunc
	supervisors sync.WaitGroup

	mu        sync.RWMutex
	instances map[instanceKey]*instance
	listeners []chan struct{}
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
		cfg: cfg, catalog: catalog, run: run, metrics: newMetrics(), gate: newGate(),
		executables: &executables{dir: filepath.Join(run.path, "bin")},
		launch:      newLauncher(), instances: map[instanceKey]*instance{},
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	if err := h.register(cfg.Metrics); err != nil {
		h.stop()
		h.launch.close()
		return nil, errors.Join(err, run.remove())
	}
	return h, nil
}

// Manifest is the manifest of an installed, usable connector; it must not be
// changed.
func (h *Host) Manifest(connector string) (*schemas.Manifest, bool) {
	e, ok := h.catalog[connector]
	if !ok || e.fault != "" {
		return nil, false
	}
	return e.manifest, true
}

// Manifests are those of all usable connectors, by name; they must not be
// changed.
func (h *Host) Manifests() []*schemas.Manifest {
	var all []*schemas.Manifest
	for _, name := range slices.Sorted(maps.Keys(h.catalog)) {
		if m, ok := h.Manifest(name); ok {
			all = append(all, m)
		}
	}
	return all
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
	in := h.newInstance(connector, env)
	h.instances[key] = in
	if in.entry.fault != "" {
		// Not under the lock that notify needs.
		h.supervisors.Go(func() { in.report(StateIncompatible, in.entry.fault) })
		return
	}
	h.supervisors.Go(func() { in.supervise(h.ctx, h.startInstance) })
}

func (h *Host) newInstance(connector string, env domain.EnvironmentKind) *instance {
	e := h.catalog[connector]
	if e == nil {
		e = &entry{name: connector, fault: fmt.Sprintf("connector %q is not installed in %s", connector, strings.Join(h.cfg.Dirs, ", "))}
	}
	log := h.cfg.Log.With("connector", connector, "environment", string(env))
	redact := newRedactor()
	in := &instance{
		cfg: &h.cfg, entry: e, env: env, notify: h.changed, metrics: h.metrics, redact: redact, log: log,
		sink:  newLogSink(log, h.cfg.Now, redact),
		slots: make(chan struct{}, e.maxInFlight(h.cfg.MaxInFlight)),
		state: StateStarting, since: h.cfg.Now(), operations: map[string]*operationState{},
	}
	for name, op := range e.operations {
		in.operations[name] = &operationState{operation: op, meters: h.metrics.operation(connector, env, name)}
	}
	return in
}

func (e *entry) maxInFlight(limit int) int {
	if e.manifest != nil && e.manifest.Limits != nil && e.manifest.Limits.MaxInFlight > 0 {
		return min(limit, e.manifest.Limits.MaxInFlight)
	}
	return limit
}

// startInstance starts one process for an instance.
func (h *Host) startInstance(in *instance) (*process, error) {
	executable, err := h.executables.place(in.entry)
	if err != nil {
		return nil, err
	}
	dir, err := h.run.newStart()
	if err != nil {
		return nil, err
	}
	in.sink.fresh()
	return startProcess(launchSpec{
		executable: executable, env: in.environ(dir), timeout: h.cfg.StartTimeout,
		maxAnswer: h.cfg.MaxAnswerBytes, same: in.entry.sameManifest,
		dir: dir, launch: h.launch, sink: in.sink, now: h.cfg.Now,
	})
}

// find answers the instance that serves a connection.
func (h *Host) find(ref domain.ConnectionRef) (*instance, *domain.ConnectorError) {
	h.mu.RLock()
	in := h.instances[instanceKey{ref.Connector, ref.Environment}]
	h.mu.RUnlock()
	if in == nil {
		return nil, unavailable("connector_not_ready", fmt.Sprintf("connector %s is not started for %s on this node", ref.Connector, ref.Environment), time.Second)
	}
	if in.entry.fault != "" {
		return nil, unavailable("connector_unusable", in.entry.fault, h.cfg.RestartMax)
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
