package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

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
// version rises, and calls use the new settings from then on. Whatever had
// paused the old settings is undone; one that is not enabled is paused, so that
// its messages wait.
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
	id, err := s.put(ctx, n, m, masked)
	if errors.Is(err, errOvertaken) {
		id, err = s.put(ctx, n, m, masked) // there is a connection of that name now
	}
	if err != nil {
		return Connection{}, fmt.Errorf("store connection %s: %w", n.Name, err)
	}
	s.forget()
	signal(s.changed)
	return s.Connection(ctx, n.Environment, id)
}

// errOvertaken: the connection that was to be written is not the one that was read.
var errOvertaken = errors.New("registry: another connection of this name was made meanwhile")

// put writes the connection under the id that its name has. The settings are
// sealed for that id, so a twin that made the name first must not get them.
func (s *Service) put(ctx context.Context, n NewConnection, m *schemas.Manifest, masked json.RawMessage) (domain.ConnectionID, error) {
	existing, err := s.byName(ctx, n.Environment, n.Name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		existing.ID = domain.NewID[domain.ConnectionID](domain.PrefixConnection)
	case err != nil:
		return "", err
	case existing.Connector != n.Connector:
		return "", ErrConnectorFixed
	}
	id := existing.ID
	sealed, err := s.cfg.Keyring.Seal(n.Settings, place(id))
	if err != nil {
		return "", fmt.Errorf("seal settings: %w", err)
	}
	statements := []store.Statement{{
		SQL: `INSERT INTO connection (id, environment_id, environment_kind, connector, name, version, enabled, settings, settings_public, credential, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, '', $9, $9)
ON CONFLICT (environment_id, name) DO UPDATE SET version = connection.version + 1, enabled = excluded.enabled,
 settings = excluded.settings, settings_public = excluded.settings_public, updated_at = excluded.updated_at WHERE connection.id = excluded.id`,
		Args: []any{id, n.Environment, n.Kind, n.Connector, n.Name, n.Enabled, sealed, string(masked), domain.Micros(s.cfg.Store.Now())},
		Rows: 1, Err: errOvertaken,
	}}
	gate := store.OpenedGate(string(id))
	if !n.Enabled {
		gate = s.cfg.Store.ClosedGate(store.Gate{Key: string(id), ClosedUntil: forever, Reason: "disabled"})
	}
	return id, s.cfg.Store.Write(ctx, append(append(statements, capabilities(n, m, id)...), gate))
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
