package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Manifests knows the installed connectors. *pluginhost.Host is the real one.
type Manifests interface {
	Manifest(connector string) (*schemas.Manifest, bool)
}

// Checker proves a connection now. *pluginhost.Host is the real one.
type Checker interface {
	Check(ctx context.Context, ref domain.ConnectionRef) error
}

// Connection is a connector configured for one environment.
type Connection struct {
	ID           domain.ConnectionID
	Environment  domain.EnvironmentID
	Kind         domain.EnvironmentKind
	Connector    string
	Name         string
	Version      int64
	Enabled      bool
	Capabilities []string
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
	ErrConnectorUnknown = &domain.Error{Kind: domain.KindInvalid, Code: "connector_unknown",
		Detail: "No connector of this name is installed."}
)

// Config wires a Service.
type Config struct {
	Store     *store.Store    // required
	Keyring   *secret.Keyring // required
	Manifests Manifests       // required
	Log       *slog.Logger    // required
	// CacheFor is how old a connection may be that a call uses; default 1 s.
	CacheFor time.Duration
}

// Service keeps connections. Its methods may be called concurrently.
type Service struct {
	cfg   Config
	mu    sync.Mutex
	cache map[domain.ConnectionID]cached
	named map[capabilityKey]cachedName
	nudge chan struct{} // a connection was paused
	put   chan struct{} // a connection was made or changed
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

// New checks cfg and fills its defaults.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Keyring == nil || cfg.Manifests == nil || cfg.Log == nil {
		return nil, errors.New("registry: Store, Keyring, Manifests and Log are required")
	}
	if cfg.CacheFor <= 0 {
		cfg.CacheFor = time.Second
	}
	return &Service{
		cfg: cfg, nudge: make(chan struct{}, 1), put: make(chan struct{}, 1),
		cache: map[domain.ConnectionID]cached{}, named: map[capabilityKey]cachedName{},
	}, nil
}

// NewConnection is what Put takes.
type NewConnection struct {
	Environment domain.EnvironmentID
	Kind        domain.EnvironmentKind
	Connector   string
	Name        string // default: the connector's name
	Settings    json.RawMessage
	// Capabilities it shall serve; default: those of the connector that no
	// other connection of the environment serves.
	Capabilities []string
	Enabled      bool
}

// Put makes the environment's connection of that name or changes it: the
// version rises, and calls use the new settings from then on.
func (s *Service) Put(ctx context.Context, n NewConnection) (Connection, error) {
	m, ok := s.cfg.Manifests.Manifest(n.Connector)
	if !ok {
		return Connection{}, ErrConnectorUnknown.Detailed(fmt.Sprintf("No connector named %q is installed.", n.Connector))
	}
	if n.Name == "" {
		n.Name = n.Connector
	}
	masked, err := checkSettings(m, n.Settings)
	if err != nil {
		return Connection{}, err
	}
	existing, err := s.byName(ctx, n.Environment, n.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Connection{}, err
	}
	id, now := existing.ID, s.cfg.Store.Now()
	if id == "" {
		id = domain.NewID[domain.ConnectionID](domain.PrefixConnection)
	}
	sealed, err := s.cfg.Keyring.Seal(n.Settings, place(id))
	if err != nil {
		return Connection{}, fmt.Errorf("seal settings: %w", err)
	}
	statements := []store.Statement{{
		SQL: `INSERT INTO connection (id, environment_id, environment_kind, connector, name, version, enabled, settings, settings_public, credential, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, '', $9, $9)
ON CONFLICT (environment_id, name) DO UPDATE SET connector = excluded.connector, version = connection.version + 1, enabled = excluded.enabled,
 settings = excluded.settings, settings_public = excluded.settings_public, updated_at = excluded.updated_at`,
		Args: []any{id, n.Environment, n.Kind, n.Connector, n.Name, n.Enabled, sealed, string(masked), domain.Micros(now)}, Rows: 1,
	}}
	statements = append(statements, capabilities(n, m, id)...)
	if err := s.cfg.Store.Write(ctx, statements); err != nil {
		return Connection{}, fmt.Errorf("store connection %s: %w", n.Name, err)
	}
	s.forget()
	// New settings deserve a new look: whatever paused the old ones is undone.
	if err := s.cfg.Store.OpenGate(ctx, string(id)); err != nil {
		return Connection{}, err
	}
	signal(s.put)
	return s.Connection(ctx, n.Environment, id)
}

// Changed gets a token after a connection was made or changed in this process;
// tokens that nobody takes merge into one.
func (s *Service) Changed() <-chan struct{} { return s.put }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// capabilities names the connection for what it shall serve. One that is asked
// for by name is taken over; the rest is taken only where nobody serves it.
func capabilities(n NewConnection, m *schemas.Manifest, id domain.ConnectionID) []store.Statement {
	names, conflict := m.Capabilities, `DO NOTHING`
	if len(n.Capabilities) > 0 {
		names, conflict = n.Capabilities, `DO UPDATE SET connection_id = excluded.connection_id`
	}
	var out []store.Statement
	for _, name := range names {
		out = append(out, store.Statement{
			SQL:  `INSERT INTO capability (environment_id, name, connection_id) VALUES ($1, $2, $3) ON CONFLICT (environment_id, name) ` + conflict,
			Args: []any{n.Environment, name, id}, Rows: store.AnyRows,
		})
	}
	return out
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

// For is the connection that serves a capability in an environment.
func (s *Service) For(ctx context.Context, env domain.EnvironmentID, capability string) (Connection, error) {
	key := capabilityKey{env, capability}
	s.mu.Lock()
	name, ok := s.named[key]
	s.mu.Unlock()
	if !ok || s.cfg.Store.Now().Sub(name.at) > s.cfg.CacheFor {
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

func (s *Service) cachedConnection(ctx context.Context, id domain.ConnectionID) (Connection, error) {
	s.mu.Lock()
	c, ok := s.cache[id]
	s.mu.Unlock()
	if ok && s.cfg.Store.Now().Sub(c.at) <= s.cfg.CacheFor {
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

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cache)
	clear(s.named)
}

// checkSettings proves settings against the connector's schema and returns
// them with secrets masked.
func checkSettings(m *schemas.Manifest, settings json.RawMessage) (json.RawMessage, error) {
	schema, err := schemas.Compile(m.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings schema of %s: %w", m.Name, err)
	}
	if err := schema.Validate(settings); err != nil {
		var invalid *schemas.ValidationError
		if !errors.As(err, &invalid) {
			return nil, err
		}
		return nil, settingsError(m.Name, invalid)
	}
	return mask(m.Settings, settings)
}

func settingsError(connector string, invalid *schemas.ValidationError) error {
	e := &domain.Error{Kind: domain.KindInvalid, Code: "settings_invalid",
		Detail: fmt.Sprintf("The settings do not fit the connector %s.", connector)}
	for _, v := range invalid.Violations {
		e.Fields = append(e.Fields, domain.FieldError{Pointer: v.Pointer, Code: v.Code, Detail: v.Detail, Fix: v.Fix})
	}
	return e
}

// mask replaces the values of members that the schema marks as secret.
func mask(schema, settings json.RawMessage) (json.RawMessage, error) {
	var declared struct {
		Properties map[string]struct {
			Secret bool `json:"x-afara-secret"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(schema, &declared); err != nil {
		return nil, fmt.Errorf("read settings schema: %w", err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(settings, &values); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	for name := range values {
		if declared.Properties[name].Secret {
			values[name] = json.RawMessage(`"` + strings.Repeat("•", 8) + `"`)
		}
	}
	return json.Marshal(values)
}
