package registry

import (
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// partConnection is all that a change of a connection writes.
const partConnection domain.PartKind = "connection"

type written []store.Statement

func (written) PartOf() domain.PartKind { return partConnection }

func write(p domain.Part) ([]store.Statement, error) { return p.(written), nil }

// The conflicts of a commit that another try may not meet.
var (
	errMade            = errors.New("registry: another connection of this name was made meanwhile")
	errCapabilityTaken = errors.New("registry: another connection serves this capability by now")
)

// reasonDisabled is that of the gate of a connection that is not enabled.
const reasonDisabled = "disabled"

// next gives a changed connection its version and times.
func (pl *plan) next(now time.Time) {
	pl.is.Version, pl.is.UpdatedAt = pl.was.Version+1, now
	switch {
	case pl.is.Enabled:
		pl.is.DisabledAt = time.Time{}
	case pl.was.Enabled:
		pl.is.DisabledAt = now
	}
}

// parts are the row, its version, its capabilities, its gate and the audit's
// entry: all or nothing.
func (s *Service) parts(pl *plan) ([]domain.Part, error) {
	row, err := s.row(pl)
	if err != nil {
		return nil, err
	}
	c := pl.is
	statements := append(written{row}, s.versioned(pl)...)
	statements = append(statements, pl.serves()...)
	switch {
	case !c.Enabled:
		statements = append(statements, s.cfg.Store.ClosedGate(store.Gate{Key: string(c.ID), ClosedUntil: forever, Reason: reasonDisabled}))
	case pl.opens:
		statements = append(statements, store.OpenedGate(string(c.ID)))
	}
	return []domain.Part{statements, domain.AuditEntry{
		Environment: c.Environment, Actor: pl.actor, Action: pl.deed, Subject: string(c.ID), Detail: pl.detail(), At: c.UpdatedAt,
	}}, nil
}

// detail is what the audit keeps of a change.
func (pl *plan) detail() string {
	if pl.deed == deedCreate || pl.deed == deedChange {
		return fmt.Sprintf("version %d: %s", pl.is.Version, pl.changed())
	}
	return fmt.Sprintf("version %d: %s", pl.is.Version, pl.note)
}

// row writes the connection under its id, for which its settings are sealed.
func (s *Service) row(pl *plan) (store.Statement, error) {
	c, sealed := pl.is, ""
	if pl.plain != nil {
		var err error
		if sealed, err = s.cfg.Keyring.Seal(pl.plain, place(c.ID)); err != nil {
			return store.Statement{}, fmt.Errorf("seal settings: %w", err)
		}
	}
	if pl.was.ID == "" {
		return store.Statement{
			SQL: `INSERT INTO connection (id, environment_id, environment_kind, connector, name, version, enabled, settings, settings_public, credential, created_at, updated_at, disabled_at, poll_seconds)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, '', $9, $9, $10, $11) ON CONFLICT (environment_id, name) DO NOTHING`,
			Args: []any{c.ID, c.Environment, c.Kind, c.Connector, c.Name, c.Enabled, sealed, string(c.Settings), domain.Micros(c.CreatedAt), domain.Micros(c.DisabledAt), seconds(c.PollEvery)},
			Rows: 1, Err: errMade,
		}, nil
	}
	return store.Statement{
		SQL: `UPDATE connection SET name = $1, version = $2, enabled = $3, disabled_at = $4, settings = CASE WHEN $5 = '' THEN settings ELSE $5 END,
 settings_public = $6, updated_at = $7, poll_seconds = $8 WHERE id = $9 AND version = $10`,
		Args: []any{c.Name, c.Version, c.Enabled, domain.Micros(c.DisabledAt), sealed, string(c.Settings), domain.Micros(c.UpdatedAt), seconds(c.PollEvery), c.ID, pl.was.Version},
		Rows: 1, Err: ErrChanged,
	}, nil
}

// serves names the connection for what it shall serve. What it was given by
// name is taken over, and the rest given up; else it is taken where nobody
// serves it.
func (pl *plan) serves() (out []store.Statement) {
	c, conflict := pl.is, `DO NOTHING`
	rows, err := int64(store.AnyRows), error(nil)
	if pl.exact {
		list, args := store.List(2, pl.capabilities)
		out = append(out, store.Statement{
			SQL:  `DELETE FROM capability WHERE environment_id = $1 AND connection_id = $2 AND name NOT IN (` + list + `)`,
			Args: append([]any{c.Environment, c.ID}, args...), Rows: store.AnyRows,
		})
		conflict = `DO UPDATE SET connection_id = excluded.connection_id`
	} else if pl.was.ID == "" {
		rows, err = 1, errCapabilityTaken // it was free, and the answer says so
	}
	for _, name := range pl.capabilities {
		out = append(out, store.Statement{
			SQL:  `INSERT INTO capability (environment_id, name, connection_id) VALUES ($1, $2, $3) ON CONFLICT (environment_id, name) ` + conflict,
			Args: []any{c.Environment, name, c.ID}, Rows: rows, Err: err,
		})
	}
	return out
}
