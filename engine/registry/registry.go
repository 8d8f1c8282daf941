package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Manifests knows the installed connectors. *pluginhost.Host is the real one.
type Manifests interface {
	Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool)
}

// Checker proves a connection now. *pluginhost.Host is the real one.
type Checker interface {
	// Ready reports whether this node can check connections of the connector.
	Ready(connector string, env domain.EnvironmentKind) bool
	Check(ctx context.Context, ref domain.ConnectionRef) error
}

// Connection is a connector configured for one environment.
type Connection struct {
	ID          domain.ConnectionID
	Environment domain.EnvironmentID
	Kind        domain.EnvironmentKind
	Connector   string
	Name        string
	Version     int64
	Enabled     bool
	// DisabledAt is zero while it is enabled.
	DisabledAt   time.Time
	Capabilities []string
	// PollEvery is how often its streams are read; 0 when only a person asks for it.
	PollEvery time.Duration
	// Settings are the public ones, secrets masked.
	Settings  json.RawMessage
	CreatedAt time.Time
	UpdatedAt time.Time
	// Paused says why the connection's messages wait; nil when they do not.
	Paused *store.Gate
}

// Ref is the connection as calls name it.
func (c Connection) Ref() domain.ConnectionRef {
	return domain.ConnectionRef{ID: c.ID, Version: c.Version, Connector: c.Connector, Environment: c.Kind}
}

// Stream is where the connection's work travels.
func (c Connection) Stream() string { return domain.ConnectorStream(c.Connector, c.Kind) }

// Refusals.
var (
	ErrConnectionNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "connection_not_found",
		Detail: "There is no such connection in this environment."}
	ErrNoConnection = &domain.Error{Kind: domain.KindConflict, Code: "capability_not_configured",
		Detail: "No enabled connection of this environment serves this capability: add one with `afara connection put`."}
	ErrConnectorFixed = &domain.Error{Kind: domain.KindConflict, Code: "connection_connector_fixed",
		Detail: "A connection keeps its connector: what it has begun with one cannot be finished with another. Give the new connection a name of its own."}
	ErrConnectorUnknown = &domain.Error{Kind: domain.KindConflict, Code: "connector_unknown",
		Detail: "No connector of this name is installed."}
	ErrTooMany = &domain.Error{Kind: domain.KindConflict, Code: "too_many_connections",
		Detail: fmt.Sprintf("An environment has at most %d connections. Delete one that is not needed.", MaxConnections)}
	ErrChanged = &domain.Error{Kind: domain.KindConflict, Code: "connection_changed",
		Detail: "The connection was changed meanwhile. Read it again and repeat the change."}
	ErrNoVersion = &domain.Error{Kind: domain.KindNotFound, Code: "version_not_found",
		Detail: "No such version of this connection is kept: GET /si/connections/{id}/versions lists those that are."}
	ErrInUse = &domain.Error{Kind: domain.KindConflict, Code: "connection_in_use",
		Detail: "Messages of this connection are unfinished."}
	ErrEnabled = &domain.Error{Kind: domain.KindConflict, Code: "connection_enabled",
		Detail: "The connection is enabled. Disable it (POST /si/connections/{id}/disable) and delete it at least 10 s later."}
)

// Config wires a Service.
type Config struct {
	Store *store.Store // required
	// Applier commits what is done to connections; required. It must write
	// entries of the audit.
	Applier   *store.Applier
	Keyring   *secret.Keyring // required
	Manifests Manifests       // required
	Log       *slog.Logger    // required
	// Gone is what others write when a connection is deleted, in the same
	// transaction.
	Gone []func(id domain.ConnectionID, at time.Time) domain.Part
	// CacheFor is how old a connection may be that a call uses; default 1 s.
	CacheFor time.Duration
	// FirstCheck is how soon a connection is checked that has just been paused,
	// for many refusals pass by themselves; default 2 s. CheckEvery is how often
	// it is from then on, and how long a check may take; default 30 s.
	FirstCheck, CheckEvery time.Duration
}

// Service keeps connections. Its methods may be called concurrently.
type Service struct {
	cfg      Config
	changing sync.Mutex // one change of this node at a time

	mu    sync.Mutex
	cache map[domain.ConnectionID]cached
	named map[capabilityKey]cachedName
	// resumed is when this node resumed a connection last.
	resumed map[domain.ConnectionID]time.Time
	nudge   chan struct{} // a connection was paused
	changed chan struct{} // a connection was made or changed
}

type cached struct {
	connection Connection
	at         time.Time
}

type capabilityKey struct {
	environment domain.EnvironmentID
	capability  string
}

type cachedName struct {
	id domain.ConnectionID
	at time.Time
}

// New checks cfg, fills its defaults and registers the writer of the registry's
// tables.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Keyring == nil || cfg.Manifests == nil || cfg.Log == nil {
		return nil, errors.New("registry: Store, Applier, Keyring, Manifests and Log are required")
	}
	if cfg.CacheFor <= 0 {
		cfg.CacheFor = time.Second
	}
	if cfg.FirstCheck <= 0 {
		cfg.FirstCheck = 2 * time.Second
	}
	if cfg.CheckEvery <= 0 {
		cfg.CheckEvery = 30 * time.Second
	}
	cfg.Applier.Register(partConnection, write)
	return &Service{
		cfg: cfg, nudge: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		cache: map[domain.ConnectionID]cached{}, named: map[capabilityKey]cachedName{},
		resumed: map[domain.ConnectionID]time.Time{},
	}, nil
}

// Changed gets a token after a connection was made or changed in this process;
// tokens that nobody takes merge into one.
func (s *Service) Changed() <-chan struct{} { return s.changed }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// place is the additional data that binds sealed settings to their connection.
func place(id domain.ConnectionID) string { return "connection:" + string(id) }

// Connection reads one connection of an environment.
func (s *Service) Connection(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (Connection, error) {
	c, err := s.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Environment != env {
		return Connection{}, ErrConnectionNotFound
	}
	return c, err
}

// Shown reads one connection of an environment with what lies in other rows.
func (s *Service) Shown(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (Connection, error) {
	c, err := s.Connection(ctx, env, id)
	if err != nil {
		return Connection{}, err
	}
	list, err := s.decorate(ctx, []Connection{c})
	if err != nil {
		return Connection{}, fmt.Errorf("read connection: %w", err)
	}
	return list[0], nil
}

// For is the connection that serves a capability in an environment.
func (s *Service) For(ctx context.Context, env domain.EnvironmentID, capability string) (Connection, error) {
	key := capabilityKey{env, capability}
	s.mu.Lock()
	name, ok := s.named[key]
	s.mu.Unlock()
	if !ok || !s.fresh(name.at) {
		id, err := s.capability(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return Connection{}, ErrNoConnection
		}
		if err != nil {
			return Connection{}, err
		}
		name = cachedName{id: id, at: s.cfg.Store.Now()}
		s.mu.Lock()
		s.named[key] = name
		s.mu.Unlock()
	}
	c, err := s.cachedConnection(ctx, name.id)
	if err == nil && !c.Enabled {
		return Connection{}, ErrNoConnection
	}
	return c, err
}

// Ref is the present version of a connection, for a call.
func (s *Service) Ref(ctx context.Context, id domain.ConnectionID) (domain.ConnectionRef, error) {
	c, err := s.cachedConnection(ctx, id)
	return c.Ref(), err
}

// Present is any connection, whoever's it is, as it was at most CacheFor ago;
// store.ErrNotFound when there is none.
func (s *Service) Present(ctx context.Context, id domain.ConnectionID) (Connection, error) {
	return s.cachedConnection(ctx, id)
}

func (s *Service) cachedConnection(ctx context.Context, id domain.ConnectionID) (Connection, error) {
	s.mu.Lock()
	c, ok := s.cache[id]
	s.mu.Unlock()
	if ok && s.fresh(c.at) {
		return c.connection, nil
	}
	connection, err := s.read(ctx, id)
	if err != nil {
		return Connection{}, err
	}
	s.mu.Lock()
	s.cache[id] = cached{connection: connection, at: s.cfg.Store.Now()}
	s.mu.Unlock()
	return connection, nil
}

// fresh reports whether what was read then may be used now. What seems to come
// from the future was read before the clock was set back.
func (s *Service) fresh(at time.Time) bool {
	age := s.cfg.Store.Now().Sub(at)
	return age >= 0 && age <= s.cfg.CacheFor
}

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cache)
	clear(s.named)
}
