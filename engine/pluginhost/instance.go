package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// instance keeps one connector running for one kind of environment. Processes
// come and go below it; what is known of its connections stays.
type instance struct {
	cfg     *Config
	entry   *entry
	env     domain.EnvironmentKind
	notify  func()
	metrics *metrics
	redact  *redactor
	sink    *logSink
	log     *slog.Logger

	operations  map[string]*operationState
	slots       chan struct{}
	connections sync.Map // domain.ConnectionID -> *connection
	current     atomic.Pointer[process]
	lastSuccess atomic.Int64 // microseconds
	lastError   atomic.Pointer[LastError]

	mu       sync.Mutex
	state    State
	reason   string
	since    time.Time
	restarts int
	lastExit string
}

// operationState is what one instance counts of one operation.
type operationState struct {
	*operation
	latencies latencies
	meters    operationMeters
}

// report changes the state and tells the subscribers.
func (in *instance) report(s State, reason string) {
	reason = in.redact.mask(reason) // it may quote what the connector wrote
	in.mu.Lock()
	changed := in.state != s
	if changed {
		in.since = in.cfg.Now()
	}
	in.state, in.reason = s, reason
	in.mu.Unlock()
	if !changed {
		return
	}
	level := slog.LevelInfo
	if s == StateCrashLoop || s == StateIncompatible || s == StateDegraded || s == StateRestarting {
		level = slog.LevelWarn
	}
	in.log.Log(context.Background(), level, "connector "+string(s), "reason", reason)
	in.notify()
}

func (in *instance) ready() bool { return in.current.Load() != nil }

// supervise starts the connector and starts it again, until ctx ends.
func (in *instance) supervise(ctx context.Context, start func(*instance) (*process, error)) {
	b := backoff{min: in.cfg.RestartMin, max: in.cfg.RestartMax, quiet: in.cfg.QuietAfter, loopAt: in.cfg.CrashLoop}
	in.report(StateStarting, "first start")
	for ctx.Err() == nil {
		began := time.Now() // not the engine's clock: how long a process really ran
		p, err := start(in)
		if err == nil {
			err = in.watch(ctx, p)
		}
		if ctx.Err() != nil {
			break
		}
		in.noteEnd(err)
		if !in.pause(ctx, &b, time.Since(began), err) {
			break
		}
		in.countRestart(err)
	}
	in.report(StateStopped, "the host is closing")
}

func (in *instance) noteEnd(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lastExit = err.Error()
}

// pause waits as long as the kind of end asks for, and answers false when the
// host closes meanwhile.
func (in *instance) pause(ctx context.Context, b *backoff, ran time.Duration, err error) bool {
	wait, loop := b.crashed(ran)
	state := StateRestarting
	switch {
	case errors.Is(err, errIncompatible), errors.Is(err, errDigest):
		state, wait = StateIncompatible, in.cfg.RestartMax
	case loop:
		state = StateCrashLoop
	}
	in.report(state, fmt.Sprintf("%s; next start in %s", err, wait.Round(time.Millisecond)))
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (in *instance) countRestart(err error) {
	in.mu.Lock()
	in.restarts++
	in.mu.Unlock()
	in.metrics.restarted(in, restartKind(err))
}

func restartKind(err error) string {
	switch {
	case errors.Is(err, errIncompatible), errors.Is(err, errDigest):
		return "incompatible"
	case errors.Is(err, errFrozen):
		return "frozen"
	case errors.Is(err, errEnded):
		return "crashed"
	default:
		return "start"
	}
}

var (
	errEnded  = errors.New("the process is gone")
	errFrozen = errors.New("the process froze")
)

// watch serves calls through p until it ends, freezes or ctx ends, and leaves
// nothing of it behind. The error says why it ended.
func (in *instance) watch(ctx context.Context, p *process) error {
	in.current.Store(p)
	in.report(StateRunning, "healthy")
	in.notify() // readiness changed even if the state's word did not
	err := in.probe(ctx, p)
	p.died(p.inFlight.Load())
	in.current.Store(nil)
	grace := time.Duration(0)
	if ctx.Err() != nil {
		p.closing.Store(true)
		grace = in.cfg.StopGrace
	}
	p.end("the host ends it", grace, in.sink)
	if err == nil {
		err = fmt.Errorf("%w: it %s", errEnded, p.run.result)
	}
	return err
}

// probe asks for health until p ends (nil), freezes (errFrozen) or ctx ends.
func (in *instance) probe(ctx context.Context, p *process) error {
	tick := time.NewTicker(in.cfg.ProbeEvery)
	defer tick.Stop()
	missed, answered := 0, int64(0)
	for {
		select {
		case <-p.run.exited:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		// Calls that are answered prove life better than a probe that waits
		// behind them.
		now := p.answered.Load()
		if in.healthy(p) || now != answered {
			missed, answered = 0, now
			in.report(StateRunning, "healthy")
			continue
		}
		missed++
		if p.hasExited() {
			return nil
		}
		in.report(StateDegraded, fmt.Sprintf("%d of %d health probes missed", missed, in.cfg.ProbeMisses))
		if missed >= in.cfg.ProbeMisses {
			why := fmt.Sprintf("no answer to %d health probes", missed)
			p.run.kill(why)
			return fmt.Errorf("%w: %s", errFrozen, why)
		}
	}
}

// passedOn are the variables of the host's environment that a connector gets:
// where it is in time and how it may reach the outside.
func passedOn() []string {
	return []string{
		"TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	}
}

// environ is a connector's whole environment, but for what go-plugin adds.
func (in *instance) environ(dir *startDir) []string {
	env := []string{runVariable + "=" + dir.path, "TMPDIR=" + dir.path}
	for _, name := range passedOn() {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, in.cfg.Env...)
}
