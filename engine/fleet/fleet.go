package fleet

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
)

// Host runs this node's connectors. *pluginhost.Host is the real one.
type Host interface {
	Status() []pluginhost.ConnectorStatus
	Order(connector string, env domain.EnvironmentKind, o pluginhost.Order)
	// Offer answers the version that the connector's folder has now, once it has
	// proved to start.
	Offer(connector string, env domain.EnvironmentKind) (pluginhost.Release, error)
	Serving(connector string, env domain.EnvironmentKind) pluginhost.Release
	Has(connector string, r pluginhost.Release) error
	Subscribe() <-chan struct{}
}

// Users knows who uses a connector.
type Users interface {
	// UsersOf are the environments of that kind with an enabled connection of the
	// connector.
	UsersOf(ctx context.Context, connector string, kind domain.EnvironmentKind) ([]domain.Environment, error)
}

// Config wires a Service.
type Config struct {
	Store   *store.Store   // required
	Applier *store.Applier // required
	Host    Host           // required
	Users   Users          // required
	Node    domain.NodeID  // required
	Log     *slog.Logger   // required
	// Every is how often orders are read and reports are written; default 5 s.
	Every time.Duration
}

// Service is one node's part in the fleet. Its methods may be called
// concurrently; Run once.
type Service struct {
	cfg Config

	mu   sync.Mutex
	told map[key]told
}

// key names a connector in one kind of environment.
type key struct {
	connector string
	kind      domain.EnvironmentKind
}

// told is what this node reported last.
type told struct {
	status string // without what changes all the time
	at     time.Time
}

// New checks cfg, fills its defaults and registers the writers of its tables.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Host == nil || cfg.Users == nil || cfg.Node == "" || cfg.Log == nil {
		return nil, errors.New("fleet: Store, Applier, Host, Users, Node and Log are required")
	}
	if cfg.Every <= 0 {
		cfg.Every = 5 * time.Second
	}
	registerWriters(cfg.Applier)
	return &Service{cfg: cfg, told: map[key]told{}}, nil
}

// Obey reads the orders and gives them to the host. Call it before the first
// connector is needed, so that one that shall be down does not begin.
func (s *Service) Obey(ctx context.Context) error {
	orders, err := s.orders(ctx)
	if err != nil {
		return err
	}
	versions, err := s.versions(ctx)
	if err != nil {
		return err
	}
	for k := range versions {
		if _, ordered := orders[k]; !ordered {
			orders[k] = Order{} // it was only reloaded
		}
	}
	for k, o := range orders {
		s.cfg.Host.Order(k.connector, k.kind, pluginhost.Order{
			Want: o.Want, Restarts: o.Restarts, Reason: o.Reason, Active: versions[k].Active, LogLevel: o.LogLevel,
		})
	}
	return nil
}

// Run obeys, reports and tells of trouble until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	changed := s.cfg.Host.Subscribe()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			s.try(ctx, "report connectors", s.report)
		case <-tick.C:
			s.try(ctx, "obey orders", s.Obey)
			s.try(ctx, "report connectors", s.report)
			s.try(ctx, "tell of trouble", s.tell)
		}
	}
}

func (s *Service) try(ctx context.Context, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Log.Warn(what, "error", err)
	}
}
