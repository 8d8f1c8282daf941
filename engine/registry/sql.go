package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const columns = `id, environment_id, environment_kind, connector, name, version, enabled, settings_public, created_at, updated_at, disabled_at, poll_seconds`

func (s *Service) read(ctx context.Context, id domain.ConnectionID) (Connection, error) {
	return s.one(ctx, `id = $1`, id)
}

func (s *Service) byName(ctx context.Context, env domain.EnvironmentID, name string) (Connection, error) {
	return s.one(ctx, `environment_id = $1 AND name = $2`, env, name)
}

func (s *Service) one(ctx context.Context, where string, args ...any) (Connection, error) {
	list, err := s.query(ctx, `WHERE `+where, args...)
	if err == nil && len(list) == 0 {
		return Connection{}, store.ErrNotFound
	}
	if err != nil {
		return Connection{}, fmt.Errorf("read connection: %w", err)
	}
	return list[0], nil
}

// List reads the connections of an environment, or of all when it is empty.
func (s *Service) List(ctx context.Context, env domain.EnvironmentID) ([]Connection, error) {
	where, args := ``, []any(nil)
	if env != "" {
		where, args = `WHERE environment_id = $1`, []any{env}
	}
	list, err := s.query(ctx, where+` ORDER BY id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return s.decorate(ctx, list)
}

// decorate adds what lies in other rows: capabilities and gates.
func (s *Service) decorate(ctx context.Context, list []Connection) ([]Connection, error) {
	gates, err := s.cfg.Store.Gates(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Store.Now()
	for i := range list {
		list[i].Paused, list[i].Capabilities = nil, nil
		for _, g := range gates {
			if g.Key == string(list[i].ID) && g.ClosedUntil.After(now) {
				list[i].Paused = &g
			}
		}
	}
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT name, connection_id FROM capability ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var id domain.ConnectionID
		if err := rows.Scan(&name, &id); err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].ID == id {
				list[i].Capabilities = append(list[i].Capabilities, name)
			}
		}
	}
	return list, rows.Err()
}

func (s *Service) query(ctx context.Context, rest string, args ...any) ([]Connection, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT `+columns+` FROM connection `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Connection
	for rows.Next() {
		var c Connection
		var enabled, created, updated, disabled, poll int64
		var settings string
		if err := rows.Scan(&c.ID, &c.Environment, &c.Kind, &c.Connector, &c.Name, &c.Version, &enabled, &settings, &created, &updated, &disabled, &poll); err != nil {
			return nil, err
		}
		c.Enabled, c.Settings = enabled == 1, []byte(settings)
		c.CreatedAt, c.UpdatedAt = domain.FromMicros(created), domain.FromMicros(updated)
		c.DisabledAt, c.PollEvery = domain.FromMicros(disabled), time.Duration(poll)*time.Second
		out = append(out, c)
	}
	return out, rows.Err()
}

func (s *Service) capability(ctx context.Context, key capabilityKey) (domain.ConnectionID, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT connection_id FROM capability WHERE environment_id = $1 AND name = $2`, key.environment, key.capability)
	if err != nil {
		return "", fmt.Errorf("read capability %s: %w", key.capability, err)
	}
	defer rows.Close()
	var id domain.ConnectionID
	for rows.Next() {
		if err := rows.Scan(&id); err != nil {
			return "", err
		}
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	if id == "" {
		return "", store.ErrNotFound
	}
	return id, nil
}

// Secrets implements the plugin host's need: settings and credential in clear.
func (s *Service) Secrets(ctx context.Context, id domain.ConnectionID) (settings, credential []byte, version int64, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT settings, credential, version FROM connection WHERE id = $1`, id)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("read secrets of %s: %w", id, err)
	}
	defer rows.Close()
	var sealed, sealedCredential string
	for rows.Next() {
		if err := rows.Scan(&sealed, &sealedCredential, &version); err != nil {
			return nil, nil, 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, 0, err
	}
	if sealed == "" {
		return nil, nil, 0, ErrConnectionNotFound
	}
	if settings, err = s.cfg.Keyring.Open(sealed, place(id)); err != nil {
		return nil, nil, 0, fmt.Errorf("open settings of %s: %w", id, err)
	}
	if sealedCredential != "" {
		if credential, err = s.cfg.Keyring.Open(sealedCredential, place(id)); err != nil {
			return nil, nil, 0, fmt.Errorf("open credential of %s: %w", id, err)
		}
	}
	return settings, credential, version, nil
}

// SaveCredential implements the plugin host's need: compare and set.
func (s *Service) SaveCredential(ctx context.Context, id domain.ConnectionID, basedOn int64, credential []byte) error {
	sealed, err := s.cfg.Keyring.Seal(credential, place(id))
	if err != nil {
		return fmt.Errorf("seal credential: %w", err)
	}
	err = s.cfg.Store.Write(ctx, []store.Statement{{
		SQL:  `UPDATE connection SET credential = $1, version = version + 1, updated_at = $2 WHERE id = $3 AND version = $4`,
		Args: []any{sealed, domain.Micros(s.cfg.Store.Now()), id, basedOn}, Rows: 1, Err: store.ErrConflict,
	}})
	s.forget()
	return err
}

// EnvironmentsOf lists the environments of a kind that have an enabled connection
// of a connector.
func (s *Service) EnvironmentsOf(ctx context.Context, connector string, kind domain.EnvironmentKind) ([]domain.EnvironmentID, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT DISTINCT environment_id FROM connection WHERE connector = $1 AND environment_kind = $2 AND enabled = 1 ORDER BY environment_id`, connector, kind)
	if err != nil {
		return nil, fmt.Errorf("list environments of %s: %w", connector, err)
	}
	defer rows.Close()
	var out []domain.EnvironmentID
	for rows.Next() {
		var id domain.EnvironmentID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Programs lists the connectors that enabled connections need, each with the
// kind of environment: one process each.
func (s *Service) Programs(ctx context.Context) ([]domain.ConnectionRef, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT DISTINCT connector, environment_kind FROM connection WHERE enabled = 1 ORDER BY connector, environment_kind`)
	if err != nil {
		return nil, fmt.Errorf("list programs: %w", err)
	}
	defer rows.Close()
	var out []domain.ConnectionRef
	for rows.Next() {
		var p domain.ConnectionRef
		if err := rows.Scan(&p.Connector, &p.Environment); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
