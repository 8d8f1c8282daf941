package pluginhost

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Want is what a connector shall do.
type Want string

// What can be wanted.
const (
	WantRun   Want = "run"   // the zero value means it too
	WantPause Want = "pause" // the process stays; no new work is read
	WantStop  Want = "stop"  // no process
)

// Order is what operators ask of a connector in one kind of environment.
type Order struct {
	Want Want
	// Restarts counts the restarts that were ever asked for; a number higher than
	// the one that the process began with asks for a new process.
	Restarts int64
	// Reason is shown beside the state.
	Reason string
	// Active is the version that shall run; the zero value leaves it to what the
	// folder had when the host began.
	Active Release
	// LogLevel is debug, info, warn or error, the lowest that is passed on of the
	// connector's lines, whatever the host's log takes itself. Anything else leaves
	// it to that.
	LogLevel string
}

// Order tells the connector what operators ask of it, now or whenever it is
// needed. It waits for no process. The same order again changes nothing, but for a
// version that was missing: it is looked for anew.
func (h *Host) Order(connector string, env domain.EnvironmentKind, o Order) {
	h.ordering.Lock()
	defer h.ordering.Unlock()
	key := instanceKey{connector, env}
	c := h.choose(key, o.Active)
	h.mu.Lock()
	if h.orders[key] == o && h.choiceOf(key) == c {
		h.mu.Unlock()
		return
	}
	h.orders[key], h.chosen[key] = o, c
	in := h.instances[key]
	h.mu.Unlock()
	if in != nil {
		in.obey(o, c)
	}
	h.changed()
}

// errOrdered ends a process that operators asked to end: no crash.
var errOrdered = errors.New("an operator asked for it")

func (in *instance) obey(o Order, c choice) {
	in.mu.Lock()
	in.order, in.choice = o, c
	in.mu.Unlock()
	in.sink.setLevel(o.LogLevel)
	select {
	case in.ordered <- struct{}{}:
	default: // a token that nobody has taken says the same
	}
}

// ends reports whether the present process shall end.
func (in *instance) ends() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.order.Want == WantStop || in.order.Restarts > in.began || in.choice.missing != ""
}

// reads reports whether new work may be read as far as operators are concerned.
func (in *instance) reads() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.order.Want != WantPause && in.choice.missing == ""
}

// mayStart waits while the connector shall not run; false when ctx ends first.
func (in *instance) mayStart(ctx context.Context) bool {
	for {
		in.mu.Lock()
		o, unusable := in.order, in.choice.fault()
		in.began = o.Restarts
		in.mu.Unlock()
		switch {
		case o.Want == WantStop:
			in.report(StateStopped, ordered("stopped", o.Reason))
		case unusable != "":
			in.report(StateIncompatible, unusable)
		default:
			in.adopt()
			return ctx.Err() == nil
		}
		select {
		case <-in.ordered:
		case <-ctx.Done():
			return false
		}
	}
}

// well reports that the process is in health: it runs, or is paused.
func (in *instance) well() {
	in.mu.Lock()
	o := in.order
	in.mu.Unlock()
	if o.Want == WantPause {
		in.report(StatePaused, ordered("paused", o.Reason))
		return
	}
	in.report(StateRunning, in.healthyAs())
}

func ordered(what, reason string) string {
	if reason == "" {
		return what + " by an operator"
	}
	return what + " by an operator: " + reason
}

// settled waits until the calls of a process have ended that takes no new ones,
// for at most the drain time. What is cut then is in doubt and looked up.
func (in *instance) settled(ctx context.Context, p *process) {
	limit := time.NewTimer(in.cfg.DrainTimeout)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for p.inFlight.Load() > 0 {
		select {
		case <-look.C:
		case <-limit.C:
			return
		case <-p.run.exited:
			return
		case <-ctx.Done():
			return
		}
	}
}
