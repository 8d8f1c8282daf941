package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// keptVersions is how many versions of a connection are kept.
const keptVersions = 50

// Version is what a connection's settings were from one change on.
type Version struct {
	Number int64
	// Settings are the public ones, secrets masked.
	Settings  json.RawMessage
	Actor     string // a key's id, or operator; empty when nobody knows
	Note      string
	CreatedAt time.Time
}

// versioned copies the row as it was just written into the history, and drops
// what is too old.
func (s *Service) versioned(pl *plan) []store.Statement {
	c := pl.is
	return []store.Statement{{
		SQL: `INSERT INTO connection_version (connection_id, version, settings, settings_public, actor, note, created_at)
SELECT id, version, settings, settings_public, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM connection WHERE id = $4`,
		Args: []any{pl.actor, pl.note, domain.Micros(c.UpdatedAt), c.ID}, Rows: 1,
	}, {
		SQL: `DELETE FROM connection_version WHERE connection_id = $1 AND version NOT IN (
 SELECT version FROM connection_version WHERE connection_id = $1 ORDER BY version DESC LIMIT $2)`,
		Args: []any{c.ID, int64(keptVersions)}, Rows: store.AnyRows,
	}}
}

// Versions lists what is kept of a connection's history, newest first.
func (s *Service) Versions(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (Connection, []Version, error) {
	c, err := s.Connection(ctx, env, id)
	if err != nil {
		return Connection{}, nil, err
	}
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT version, settings_public, actor, note, created_at FROM connection_version WHERE connection_id = $1 ORDER BY version DESC`, id)
	if err != nil {
		return Connection{}, nil, fmt.Errorf("list versions of %s: %w", id, err)
	}
	defer rows.Close()
	var out []Version
	for rows.Next() {
		var v Version
		var settings string
		var created int64
		if err := rows.Scan(&v.Number, &settings, &v.Actor, &v.Note, &created); err != nil {
			return Connection{}, nil, err
		}
		v.Settings, v.CreatedAt = []byte(settings), domain.FromMicros(created)
		out = append(out, v)
	}
	return c, out, rows.Err()
}

// Rollback makes a new version with the settings of an old one. They are proved
// against the connector as it is now.
func (s *Service) Rollback(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID, version int64, actor string) (Connection, error) {
	return s.change(ctx, env, id, func(pl *plan) error {
		pl.actor, pl.deed, pl.note = actor, deedRollback, fmt.Sprintf("rolled back to version %d", version)
		plain, err := s.settingsOf(ctx, id, version)
		if err != nil {
			return err
		}
		m, ok := s.cfg.Manifests.Manifest(pl.was.Connector, pl.was.Kind)
		if !ok {
			return ErrConnectorUnknown.Detailed(fmt.Sprintf("The connector %s is not installed on this node: nothing can prove its settings.", pl.was.Connector))
		}
		masked, faults, err := proveSettings(m, plain)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return &domain.Error{
				Kind: domain.KindInvalid, Code: "settings_invalid", Fields: faults,
				Detail: fmt.Sprintf("The settings of version %d do not fit the connector %s %s any more: change the present ones instead. Nothing was done.", version, m.Name, m.Version),
			}
		}
		pl.plain, pl.is.Settings, pl.opens = plain, masked, pl.was.Enabled
		return nil
	})
}

// settingsOf opens the settings of a version.
func (s *Service) settingsOf(ctx context.Context, id domain.ConnectionID, version int64) ([]byte, error) {
	sealed, err := s.text(ctx, `SELECT settings FROM connection_version WHERE connection_id = $1 AND version = $2`, id, version)
	if err != nil {
		return nil, fmt.Errorf("read version %d of %s: %w", version, id, err)
	}
	if sealed == "" {
		return nil, ErrNoVersion
	}
	plain, err := s.cfg.Keyring.Open(sealed, place(id))
	if err != nil {
		return nil, fmt.Errorf("open version %d of %s: %w", version, id, err)
	}
	return plain, nil
}

// newestVersion is the number of the last change of a connection.
func (s *Service) newestVersion(ctx context.Context, id domain.ConnectionID) (n int64, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT COALESCE(MAX(version), 0) FROM connection_version WHERE connection_id = $1`, id)
	if err != nil {
		return 0, fmt.Errorf("read version of %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// text reads one text; empty when there is no row.
func (s *Service) text(ctx context.Context, sql string, args ...any) (text string, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, sql, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			return "", err
		}
	}
	return text, rows.Err()
}
