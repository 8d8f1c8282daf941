package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// host is a node's connectors as a test says they are.
type host struct {
	mu      sync.Mutex
	status  []pluginhost.ConnectorStatus
	orders  map[string]pluginhost.Order
	offered pluginhost.Release // what its folder has
	broken  error              // and what is wrong with it
	lost    map[pluginhost.Release]bool
	changed chan struct{}
}

func (h *host) Status() []pluginhost.ConnectorStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.status)
}

func (h *host) Order(connector string, env domain.EnvironmentKind, o pluginhost.Order) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.orders[connector+" "+string(env)] = o
}

func (h *host) order() pluginhost.Order { return h.orderOf("firs sandbox") }

func (h *host) orderOf(key string) pluginhost.Order {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.orders[key]
}

func (h *host) Subscribe() <-chan struct{} { return h.changed }

func (h *host) Offer(string, domain.EnvironmentKind) (pluginhost.Release, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.offered, h.broken
}

func (h *host) Serving(string, domain.EnvironmentKind) pluginhost.Release { return first }

func (h *host) Has(_ string, r pluginhost.Release) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost[r] {
		return errors.New("not installed here")
	}
	return nil
}

func (h *host) becomes(state pluginhost.State, reason string) {
	h.mu.Lock()
	h.status = []pluginhost.ConnectorStatus{{
		Name: "firs", Version: "1.2.3", Environment: domain.Sandbox, State: state, Reason: reason, Since: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
		Stderr: []string{"a line"},
	}}
	h.mu.Unlock()
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// world is a database with nodes that have a connector each.
type world struct {
	*testing.T
	store  *store.Store
	mu     sync.Mutex
	events []domain.Event
}

func onBoth(t *testing.T, test func(w *world)) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := &world{T: t, store: s}
		test(w)
	})
}

// users are two environments.
type users struct{}

func (users) UsersOf(_ context.Context, connector string, kind domain.EnvironmentKind) ([]domain.Environment, error) {
	if connector != "firs" || kind != domain.Sandbox {
		return nil, nil
	}
	return []domain.Environment{{ID: "env_1", Organisation: "org_1"}, {ID: "env_2", Organisation: "org_1"}}, nil
}

// applier is a node's, which notes events instead of storing them.
func (w *world) applier() *store.Applier {
	a := store.NewApplier(w.store)
	audit.Register(a)
	a.Register(domain.PartEvent, func(domain.Part) ([]store.Statement, error) { return nil, nil })
	a.Watch(func(parts []domain.Part) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range parts {
			if e, ok := p.(domain.Event); ok {
				w.events = append(w.events, e)
			}
		}
	})
	return a
}

// node is one node of the fleet, running until the test ends.
func (w *world) node(id domain.NodeID) (*fleet.Service, *host) {
	w.Helper()
	h := &host{orders: map[string]pluginhost.Order{}, offered: first, lost: map[pluginhost.Release]bool{}, changed: make(chan struct{}, 1)}
	h.becomes(pluginhost.StateRunning, "healthy")
	if err := w.store.Heartbeat(w.Context(), &store.Node{ID: id, Version: "1", StartedAt: w.store.Now()}); err != nil {
		w.Fatal(err)
	}
	s, err := fleet.New(fleet.Config{Store: w.store, Applier: w.applier(), Host: h, Users: users{}, Node: id, Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Every: 10 * time.Millisecond})
	if err != nil {
		w.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	w.Cleanup(func() { stop(); running.Wait() })
	return s, h
}

func (w *world) told() (types []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		types = append(types, string(e.Environment)+" "+e.Type)
	}
	return types
}

func (w *world) one(s *fleet.Service) fleet.Connector {
	w.Helper()
	list, err := s.Connectors(w.Context(), domain.Sandbox)
	if err != nil || len(list) != 1 {
		w.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

func (w *world) reports() (n int) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT COUNT(*) FROM connector_report`)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			w.Fatal(err)
		}
	}
	return n
}

func sandbox() domain.Environment { return domain.Environment{ID: "env_1", Kind: domain.Sandbox} }

func TestAnOrderReachesEveryNodeAndIsInTheAudit(t *testing.T) {
	onBoth(t, func(w *world) {
		a, hostA := w.node("node_a")
		_, hostB := w.node("node_b")
		ask := func(action fleet.Action, reason string) {
			w.Helper()
			err := a.Ask(w.Context(), fleet.Asked{Connector: "firs", Environment: sandbox(), Action: action, Reason: reason, Actor: "key_1"})
			if err != nil {
				w.Fatal(err)
			}
		}
		obeyed := func(want pluginhost.Order) {
			w.Helper()
			storetest.Await(w, "both nodes obey", func() bool { return hostA.order() == want && hostB.order() == want })
		}
		ask(fleet.ActionPause, "the vendor asked")
		obeyed(pluginhost.Order{Want: pluginhost.WantPause, Reason: "the vendor asked"})
		ask(fleet.ActionRestart, "")
		obeyed(pluginhost.Order{Want: pluginhost.WantPause, Restarts: 1}) // a restart ends no pause
		ask(fleet.ActionResume, "")
		ask(fleet.ActionRestart, "again")
		obeyed(pluginhost.Order{Want: pluginhost.WantRun, Restarts: 2, Reason: "again"})
		ask(fleet.ActionStop, "")
		obeyed(pluginhost.Order{Want: pluginhost.WantStop, Restarts: 2})
		if o := w.one(a).Order; o.Actor != "key_1" || o.At.IsZero() {
			w.Errorf("%+v", o)
		}
		rows, err := w.store.Reader().Query(w.Context(), `SELECT action, subject, actor FROM audit ORDER BY id`)
		if err != nil {
			w.Fatal(err)
		}
		defer rows.Close()
		var actions []string
		for rows.Next() {
			var action, subject, actor string
			if err := rows.Scan(&action, &subject, &actor); err != nil {
				w.Fatal(err)
			}
			actions = append(actions, action+" "+subject+" "+actor)
		}
		if len(actions) != 5 || actions[0] != "connector.pause firs key_1" || actions[4] != "connector.stop firs key_1" {
			w.Errorf("audit %v", actions)
		}
	})
}

func TestConnectorsAreRolledUpOverLiveNodes(t *testing.T) {
	onBoth(t, func(w *world) {
		a, hostA := w.node("node_a")
		_, hostB := w.node("node_b")
		is := func(state pluginhost.State) func() bool {
			return func() bool { c := w.one(a); return len(c.Instances) == 2 && c.State == state }
		}
		storetest.Await(w, "both run", is(pluginhost.StateRunning))
		if c := w.one(a); c.Reason != "healthy" || c.Version != "1.2.3" || c.Instances[1].Stderr[0] != "a line" {
			w.Errorf("%+v", c)
		}
		hostB.becomes(pluginhost.StateCrashLoop, "exit code 7")
		storetest.Await(w, "one in trouble degrades the whole", is(pluginhost.StateDegraded))
		if c := w.one(a); c.Reason != "1 of 2 nodes run it; on node_b it is crash_loop: exit code 7" {
			w.Errorf("reason %q", c.Reason)
		}
		hostA.becomes(pluginhost.StateIncompatible, "another protocol")
		storetest.Await(w, "the worst counts when none runs", is(pluginhost.StateIncompatible))
		if err := w.store.Leave(w.Context(), "node_b"); err != nil {
			w.Fatal(err)
		}
		if c := w.one(a); len(c.Instances) != 1 || c.Reason != "another protocol" {
			w.Errorf("a node that has left counts: %+v", c)
		}
		storetest.Await(w, "both have reported", func() bool { return w.reports() == 2 })
		if err := a.Forget(w.Context()); err != nil {
			w.Fatal(err)
		}
		if n := w.reports(); n != 1 {
			w.Errorf("%d reports are left of one node", n)
		}
	})
}

func TestTroubleIsToldOnceToWhoeverUsesTheConnector(t *testing.T) {
	onBoth(t, func(w *world) {
		_, h := w.node("node_a")
		w.node("node_b") // looks too, and tells nothing twice
		h.becomes(pluginhost.StateCrashLoop, "exit\x00 code 7")
		storetest.Await(w, "it is told", func() bool { return len(w.told()) == 2 })
		h.becomes(pluginhost.StateIncompatible, "another protocol") // still in trouble
		h.becomes(pluginhost.StateRestarting, "soon")               // neither well nor in trouble
		h.becomes(pluginhost.StateRunning, "healthy")
		storetest.Await(w, "its end is told", func() bool { return len(w.told()) >= 4 })
		want := []string{"env_1 connector.degraded", "env_2 connector.degraded", "env_1 connector.recovered", "env_2 connector.recovered"}
		if got := w.told(); !slices.Equal(got, want) {
			w.Errorf("%v", got)
		}
		for _, e := range w.events {
			if err := schemas.ValidateEventData(e.Type, e.Data); err != nil {
				w.Errorf("%s: %v", e.Data, err)
			}
		}
		var last struct{ DegradedSince, Reason string }
		if err := json.Unmarshal(w.events[3].Data, &last); err != nil || last.DegradedSince == "" {
			w.Errorf("%s, %v", w.events[3].Data, err)
		}
	})
}
