package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// arrival is how the start of another version beside the present one ended.
type arrival struct {
	process *process
	entry   *entry
	err     error
}

// declined is a version that was to take over and could not.
type declined struct {
	entry *entry
	at    time.Time // by this machine's clock
	why   string
}

// startBeside starts the version that shall serve, if p is another one; nil when
// there is nothing to start now.
func (in *instance) startBeside(p *process) <-chan arrival {
	in.mu.Lock()
	to, last := in.choice.entry, in.declined
	idle := in.choice.fault() != "" || to == p.served.entry || last.recently(to, in.cfg.RestartMax)
	in.mu.Unlock()
	if idle {
		return nil
	}
	in.log.Info("connector starts another version beside the present one", "from", p.served.release(), "to", to.release())
	done := make(chan arrival, 1)
	in.background(func() {
		fresh, err := in.start(in, in.serves(to))
		if err == nil && !in.healthy(fresh) {
			in.dismiss(fresh, "it does not answer health probes")
			fresh, err = nil, errors.New("it started, but does not answer health probes")
		}
		done <- arrival{fresh, to, err}
	})
	return done
}

// recently reports whether the version was declined and is not tried again yet.
func (d *declined) recently(e *entry, again time.Duration) bool {
	return d != nil && d.entry == e && time.Since(d.at) < again
}

// arrived reports whether the other version takes over. If not, nothing of it
// stays, and the present one serves on.
func (in *instance) arrived(a arrival) bool {
	in.mu.Lock()
	wanted := in.choice.entry == a.entry
	if wanted {
		in.declined = nil
	}
	if wanted && a.err != nil {
		in.declined = &declined{entry: a.entry, at: time.Now(), why: a.err.Error()}
	}
	in.mu.Unlock()
	if a.err != nil {
		in.log.Warn("connector's other version did not start; the present one serves on", "to", a.entry.release(), "error", in.redact.mask(a.err.Error()))
		in.well()
		in.notify()
		return false
	}
	if !wanted { // somebody has changed his mind meanwhile
		in.background(func() { in.dismiss(a.process, "another version is wanted") })
	}
	return wanted
}

// forget ends what was started beside a process that has ended itself.
func (in *instance) forget(beside <-chan arrival) {
	if beside == nil {
		return
	}
	in.background(func() {
		if a := <-beside; a.process != nil {
			in.dismiss(a.process, "the process beside it has ended")
		}
	})
}

// dismiss ends a process that no call was sent to.
func (in *instance) dismiss(p *process, why string) {
	p.closing.Store(true)
	p.end(why, in.cfg.StopGrace, in.sink)
}

// retire ends a process that another has taken over from, once its calls have
// ended or the drain time is over; what is cut then is in doubt and looked up.
func (in *instance) retire(ctx context.Context, p *process) {
	in.settled(ctx, p)
	cut := p.inFlight.Load()
	p.died(cut)
	// What has crashed by itself is no end on purpose: its calls are suspects.
	if !p.hasExited() {
		p.closing.Store(true)
	}
	p.end("another version has taken over", in.cfg.StopGrace, in.sink)
	in.log.Info("connector's earlier version has ended", "version", p.served.release(), "calls_cut", cut)
}

// adopt makes the chosen version the next to start, where no process runs that it
// could be tried beside.
func (in *instance) adopt() {
	in.mu.Lock()
	to, last := in.choice.entry, in.declined
	in.mu.Unlock()
	now := in.served.Load()
	if to == now.entry || now.fault == "" && last.recently(to, in.cfg.RestartMax) {
		return
	}
	in.served.Store(in.serves(to))
}

// healthyAs is the reason of a process in health, with what hinders a reload.
func (in *instance) healthyAs() string {
	if why := in.hindrance(); why != "" {
		return "healthy; " + why
	}
	return "healthy"
}

// hindrance says why the version that shall serve does not; empty when it does or
// is on its way.
func (in *instance) hindrance() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	if d := in.declined; d != nil && d.entry == in.choice.entry {
		return fmt.Sprintf("version %s did not start, and is tried again: %s", d.entry.release(), d.why)
	}
	return ""
}
