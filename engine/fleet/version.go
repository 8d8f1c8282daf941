package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
)

// Version is which version of a connector is active in one kind of environment,
// since operators have said so.
type Version struct {
	Active pluginhost.Release
	// Previous is what a rollback makes the active one; the zero value when there
	// is none.
	Previous pluginhost.Release
	Reason   string
	Actor    string
	Since    time.Time
}

// What an operator is told when another version does not come.
var (
	ErrNotOffered = &domain.Error{Kind: domain.KindConflict, Code: "version_unusable",
		Detail: "The version that this node has cannot run. Nothing was changed."}
	ErrNoPrevious = &domain.Error{Kind: domain.KindConflict, Code: "no_previous_version",
		Detail: "No reload has replaced a version: there is none to go back to. Install the version that you want and order reload."}
	ErrNotHere = &domain.Error{Kind: domain.KindConflict, Code: "version_not_here",
		Detail: "This node does not have the previous version any more. Nothing was changed."}
	errOvertaken = &domain.Error{Kind: domain.KindConflict, Code: "version_changed",
		Detail: "Somebody else has changed the active version at this moment. Look at the registry, and order again if it is still what you want."}
)

const (
	partVersion     domain.PartKind = "connector_version"
	partVersionBack domain.PartKind = "connector_version_back"
)

// versionPart makes a version the active one.
type versionPart struct {
	Asked
	Version
}

func (versionPart) PartOf() domain.PartKind { return partVersion }

// versionBack changes active and previous with each other, if they are still what
// was seen.
type versionBack struct {
	Asked
	Version
}

func (versionBack) PartOf() domain.PartKind { return partVersionBack }

// reload makes the version that this node's folder has now the active one, if it
// can run here.
func (s *Service) reload(a Asked, now time.Time) (domain.Part, string, error) {
	before := s.cfg.Host.Serving(a.Connector, a.Environment.Kind)
	offered, err := s.cfg.Host.Offer(a.Connector, a.Environment.Kind)
	if err != nil {
		return nil, "", ErrNotOffered.Detailed(fmt.Sprintf("Connector %s on this node: %s. Nothing was changed.", a.Connector, err))
	}
	if before == offered {
		before = pluginhost.Release{}
	}
	v := Version{Active: offered, Previous: before, Reason: a.Reason, Actor: a.Actor, Since: now}
	return versionPart{a, v}, "to " + offered.String(), nil
}

// rollback makes the previous version the active one, if this node can run it.
func (s *Service) rollback(ctx context.Context, a Asked, now time.Time) (domain.Part, string, error) {
	versions, err := s.versions(ctx)
	if err != nil {
		return nil, "", err
	}
	v := versions[key{a.Connector, a.Environment.Kind}]
	if v.Previous.Digest == "" {
		return nil, "", ErrNoPrevious
	}
	if err := s.cfg.Host.Has(a.Connector, v.Previous); err != nil {
		return nil, "", ErrNotHere.Detailed(fmt.Sprintf("Version %s, which was active before, is not on this node any more. Install it and order reload. Nothing was changed.", v.Previous))
	}
	v.Active, v.Previous, v.Reason, v.Actor, v.Since = v.Previous, v.Active, a.Reason, a.Actor, now
	return versionBack{a, v}, "back to " + v.Active.String(), nil
}

// sameVersion is true of a reload that finds the active version.
const sameVersion = `connector_version.version = excluded.version AND connector_version.digest = excluded.digest`

func writeVersion(p domain.Part) ([]store.Statement, error) {
	v := p.(versionPart)
	keep := func(column, old string) string {
		return fmt.Sprintf(" %[1]s = CASE WHEN %[2]s THEN connector_version.%[1]s ELSE %[3]s END", column, sameVersion, old)
	}
	return []store.Statement{{
		SQL: `INSERT INTO connector_version (connector, environment_kind, version, digest, locked, previous_version, previous_digest, previous_locked, reason, actor, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (connector, environment_kind) DO UPDATE SET version = excluded.version, digest = excluded.digest, locked = excluded.locked,` +
			keep("previous_version", "connector_version.version") + `,` + keep("previous_digest", "connector_version.digest") + `,` +
			keep("previous_locked", "connector_version.locked") + `,` + keep("since", "excluded.since") + `, reason = excluded.reason, actor = excluded.actor`,
		Args: []any{
			v.Connector, v.Environment.Kind, v.Active.Version, v.Active.Digest, flag(v.Active.Locked),
			v.Previous.Version, v.Previous.Digest, flag(v.Previous.Locked), v.Version.Reason, v.Version.Actor, domain.Micros(v.Since),
		}, Rows: 1,
	}}, nil
}

func writeVersionBack(p domain.Part) ([]store.Statement, error) {
	v := p.(versionBack)
	return []store.Statement{{
		SQL: `UPDATE connector_version SET version = $1, digest = $2, locked = $3, previous_version = $4, previous_digest = $5, previous_locked = $6,
 reason = $7, actor = $8, since = $9 WHERE connector = $10 AND environment_kind = $11 AND digest = $5 AND version = $4 AND previous_digest = $2`,
		Args: []any{
			v.Active.Version, v.Active.Digest, flag(v.Active.Locked), v.Previous.Version, v.Previous.Digest, flag(v.Previous.Locked),
			v.Version.Reason, v.Version.Actor, domain.Micros(v.Since), v.Connector, v.Environment.Kind,
		}, Rows: 1, Err: errOvertaken,
	}}, nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (s *Service) versions(ctx context.Context) (map[key]Version, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT connector, environment_kind, version, digest, locked, previous_version, previous_digest, previous_locked, reason, actor, since FROM connector_version`)
	if err != nil {
		return nil, fmt.Errorf("read active versions: %w", err)
	}
	defer rows.Close()
	out := map[key]Version{}
	for rows.Next() {
		var k key
		var v Version
		var locked, before, since int64
		if err := rows.Scan(&k.connector, &k.kind, &v.Active.Version, &v.Active.Digest, &locked, &v.Previous.Version, &v.Previous.Digest, &before, &v.Reason, &v.Actor, &since); err != nil {
			return nil, err
		}
		v.Active.Locked, v.Previous.Locked, v.Since = locked == 1, before == 1, domain.FromMicros(since)
		out[k] = v
	}
	return out, rows.Err()
}
