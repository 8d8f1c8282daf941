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
	cfg        *Config
	name       string
	env        domain.EnvironmentKind
	notify     func()
	start      func(*instance, *served) (*process, error)
	background func(func()) // runs what Close waits for
	metrics    *metrics
	redact     *redactor
	sink       *logSink
	log        *slog.Logger

	connections sync.Map                // domain.ConnectionID -> *connection
	current     atomic.Pointer[process] // nil: none takes calls
	served      atomic.Pointer[served]  // the version of the present process, or of the next
	inFlight    atomic.Int64            // calls, whichever process has them
	streams     sync.Map                // name -> *operationState, of the pulls so far
	lastSuccess atomic.Int64            // microseconds
	lastError   atomic.Pointer[LastError]

	mu       sync.Mutex
	state    State
	reason   string
	since    time.Time
	restarts int
	lastExit string
	order    Order
	began    int64 // Order.Restarts when the present process began
	choice   choice
	declined *declined // the last version that was to take over and could not
	counts   map[string]*operationCount

	ordered chan struct{} // a token: order has changed
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

// ready reports whether new work may be read for it.
func (in *instance) ready() bool { return in.current.Load() != nil && in.reads() }

// supervise starts the connector and starts it again, until ctx ends.
func (in *instance) supervise(ctx context.Context) {
	b := backoff{min: in.cfg.RestartMin, max: in.cfg.RestartMax, quiet: in.cfg.QuietAfter, loopAt: in.cfg.CrashLoop}
	for in.mayStart(ctx) {
		ran, err := in.run(ctx)
		if ctx.Err() != nil {
			break
		}
		in.noteEnd(err)
		if errors.Is(err, errOrdered) {
			in.countRestart(err)
			continue
		}
		if !in.pause(ctx, &b, ran, err) {
			break
		}
		in.countRestart(err)
	}
	in.report(StateStopped, "the host is closing")
}

// run starts a process and watches it, and those that take over from it, until one
// ends. It answers how long that one really ran, not by the engine's clock.
func (in *instance) run(ctx context.Context) (ran time.Duration, err error) {
	began := time.Now()
	p, err := in.start(in, in.served.Load())
	for err == nil {
		var next *process
		if next, err = in.watch(ctx, p); next != nil {
			p, began = next, time.Now()
		}
	}
	return time.Since(began), err
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
	for !in.ends() { // an operator need not wait for the next start
		select {
		case <-t.C:
			return true
		case <-in.ordered:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (in *instance) countRestart(err error) {
	in.mu.Lock()
	in.restarts++
	in.mu.Unlock()
	in.metrics.restarted(in, restartKind(err))
}

func restartKind(err error) string {
	switch {
	case errors.Is(err, errOrdered):
		return "ordered"
	case errors.Is(err, errIncompatible), errors.Is(err, errDigest):
		return "incompatible"
	case errors.Is(err, errFrozen):
		return "frozen"
	case errors.Is(err, errMemory):
		return "oom_killed"
	case errors.Is(err, errEnded):
		return "crashed"
	default:
		return "start"
	}
}

var (
	errEnded  = errors.New("the process is gone")
	errFrozen = errors.New("the process froze")
	errMemory = errors.New("the process is out of memory")
)

// watch serves calls through p until it ends, freezes or ctx ends, and leaves
// nothing of it behind; the error says why it ended. Or it answers the process that
// has taken over, and p ends by itself once its calls have.
func (in *instance) watch(ctx context.Context, p *process) (next *process, err error) {
	in.put(p)
	in.well()
	in.notify() // readiness changed even if the state's word did not
	next, err = in.probe(ctx, p)
	if next != nil {
		in.put(next)
		in.background(func() { in.retire(ctx, p) })
		return next, nil
	}
	if errors.Is(err, errOrdered) {
		in.leave(ctx, p)
	}
	p.died(p.inFlight.Load())
	in.current.Store(nil)
	grace := time.Duration(0)
	if ctx.Err() != nil || errors.Is(err, errOrdered) {
		p.closing.Store(true)
		grace = in.cfg.StopGrace
	}
	p.end("the host ends it", grace, in.sink)
	if err == nil {
		err = p.run.ended().err()
	}
	return nil, err
}

// leave takes no more calls and lets those in flight end.
func (in *instance) leave(ctx context.Context, p *process) {
	in.current.Store(nil)
	in.report(StateRestarting, "calls in flight end before the process does")
	in.notify()
	in.settled(ctx, p)
}

// probe asks for health until p ends (nil), freezes (errFrozen), shall end
// (errOrdered), ctx ends or another process is there to take over.
func (in *instance) probe(ctx context.Context, p *process) (next *process, err error) {
	tick := time.NewTicker(in.cfg.ProbeEvery)
	defer tick.Stop()
	missed, answered := 0, int64(0)
	var beside <-chan arrival
	defer func() { in.forget(beside) }()
	for {
		if beside == nil {
			beside = in.startBeside(p)
		}
		select {
		case <-p.run.exited:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-in.ordered:
			if in.ends() {
				return nil, errOrdered
			}
			in.well()
			in.notify()
			continue
		case a := <-beside:
			beside = nil
			if in.arrived(a) {
				return a.process, nil
			}
			continue
		case <-tick.C:
		}
		// Calls that are answered prove life better than a probe that waits
		// behind them.
		now := p.answered.Load()
		if in.healthy(p) || now != answered {
			missed, answered = 0, now
			in.well()
			continue
		}
		missed++
		if p.hasExited() {
			return nil, nil
		}
		in.report(StateDegraded, fmt.Sprintf("%d of %d health probes missed", missed, in.cfg.ProbeMisses))
		if missed >= in.cfg.ProbeMisses {
			why := fmt.Sprintf("no answer to %d health probes", missed)
			p.run.kill(why)
			return nil, fmt.Errorf("%w: %s", errFrozen, why)
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
	env := append([]string{runVariable + "=" + dir.path, "TMPDIR=" + dir.path}, in.cfg.Limits.collector()...)
	for _, name := range passedOn() {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, in.cfg.Env...)
}
