package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
)

// checked is one thing that the engine needs.
type checked struct {
	OK     bool    `json:"ok"`
	Reason *string `json:"reason"`
}

// readiness is the answer of /readyz. Only the store, the bus and an operator who
// drains the node make it 503: a connector that is away stops its own messages
// only.
type readiness struct {
	Ready      bool             `json:"ready"`
	Draining   bool             `json:"draining"`
	Store      checked          `json:"store"`
	Bus        checked          `json:"bus"`
	Connectors []readyConnector `json:"connectors"`
}

type readyConnector struct {
	Name        string                 `json:"name"`
	Environment domain.EnvironmentKind `json:"environment"`
	checked
}

// healthz says that the process runs and answers; it asks nothing else, so
// that a database's bad minute restarts no engine.
func (*api) healthz(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (a *api) readyz(w http.ResponseWriter, _ *http.Request) error {
	ready := a.ready.check(a)
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", seconds(defaultRetry))
	}
	return answer(w, status, ready)
}

const (
	// pingLimit is how long the store and the bus may take.
	pingLimit = 2 * time.Second
	// readyFor is how long an answer is given again: the route needs no key,
	// so it must not be a lever on the database.
	readyFor = 500 * time.Millisecond
)

// lastReady remembers the last answer; callers wait for one probe together.
type lastReady struct {
	mu    sync.Mutex
	at    time.Time
	value readiness
}

func (l *lastReady) check(a *api) readiness {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := a.cfg.Now(); l.at.IsZero() || now.Sub(l.at) >= readyFor || now.Before(l.at) {
		l.value, l.at = a.probe(), now
	}
	return l.value
}

// probe asks store and bus side by side, on a time of its own: many callers
// wait for it, and the first to leave must not end it.
func (a *api) probe() readiness {
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	var out readiness
	var wg sync.WaitGroup
	wg.Go(func() { out.Store = a.ping(ctx, "store", a.cfg.Store) })
	wg.Go(func() { out.Bus = a.ping(ctx, "bus", a.cfg.Bus) })
	wg.Wait()
	out.Draining = a.cfg.Draining()
	out.Ready = out.Store.OK && out.Bus.OK && !out.Draining
	out.Connectors = []readyConnector{}
	for _, s := range a.cfg.Connectors.Status() {
		if s.Environment == "" {
			continue // nobody needs it
		}
		c := readyConnector{Name: s.Name, Environment: s.Environment}
		c.OK = s.State == pluginhost.StateRunning
		if !c.OK {
			c.Reason = text(s.State)
		}
		out.Connectors = append(out.Connectors, c)
	}
	return out
}

// ping keeps the cause to the log: it may hold an address of ours.
func (a *api) ping(ctx context.Context, name string, p Pinger) checked {
	err := p.Ping(ctx)
	if err == nil {
		return checked{OK: true}
	}
	a.cfg.Log.Warn("not ready", "part", name, "error", err)
	return checked{Reason: text("the " + name + " does not answer; the log says why")}
}

func (a *api) getMetrics(w http.ResponseWriter, r *http.Request) error {
	if a.cfg.Metrics == nil {
		return errNoRoute
	}
	a.metricsPage.ServeHTTP(w, r)
	return nil
}
