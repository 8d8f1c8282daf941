package tenant

import (
	"context"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

func insertOrganisation(o Organisation) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO organisation (id, name, created_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING`,
		Args: []any{string(o.ID), o.Name, domain.Micros(o.CreatedAt)},
		Rows: 1, Err: store.ErrConflict,
	}
}

func selectOrganisations(ctx context.Context, q store.Querier) ([]Organisation, error) {
	return all(ctx, q, func(r store.Rows) (o Organisation, err error) {
		var created int64
		err = r.Scan(&o.ID, &o.Name, &created)
		o.CreatedAt = domain.FromMicros(created)
		return o, err
	}, `SELECT id, name, created_at FROM organisation ORDER BY id`)
}

func organisationExists(ctx context.Context, q store.Querier, id domain.OrganisationID) (bool, error) {
	found, err := all(ctx, q, func(r store.Rows) (id string, err error) {
		return id, r.Scan(&id)
	}, `SELECT id FROM organisation WHERE id = $1`, string(id))
	return len(found) > 0, err
}

// insertEnvironment selects from organisation so that a missing one is a count
// of zero, not a broken transaction.
func insertEnvironment(e Environment, sealed string) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO environment (id, organisation_id, name, kind, mode, allow_http, allow_loopback, signing_secret, created_at)
SELECT CAST($1 AS TEXT), id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS TEXT), CAST($8 AS BIGINT)
FROM organisation WHERE id = $9
ON CONFLICT DO NOTHING`,
		Args: []any{
			string(e.ID), e.Name, string(e.Kind), string(e.Mode), bit(e.AllowHTTP), bit(e.AllowLoopback),
			sealed, domain.Micros(e.CreatedAt), string(e.Organisation),
		},
		Rows: 1, Err: store.ErrConflict,
	}
}

const environmentColumns = `id, organisation_id, name, kind, mode, allow_http, allow_loopback, created_at`

func scanEnvironment(r store.Rows) (e Environment, err error) {
	var http, loopback, created int64
	err = r.Scan(&e.ID, &e.Organisation, &e.Name, &e.Kind, &e.Mode, &http, &loopback, &created)
	e.AllowHTTP, e.AllowLoopback = http == 1, loopback == 1
	e.CreatedAt = domain.FromMicros(created)
	return e, err
}

func selectEnvironment(ctx context.Context, q store.Querier, id domain.EnvironmentID) (Environment, error) {
	return one(ctx, q, scanEnvironment,
		`SELECT `+environmentColumns+` FROM environment WHERE id = $1`, string(id))
}

func selectEnvironments(ctx context.Context, q store.Querier, org domain.OrganisationID) ([]Environment, error) {
	if org == "" {
		return all(ctx, q, scanEnvironment, `SELECT `+environmentColumns+` FROM environment ORDER BY id`)
	}
	return all(ctx, q, scanEnvironment,
		`SELECT `+environmentColumns+` FROM environment WHERE organisation_id = $1 ORDER BY id`, string(org))
}

// insertKey selects from environment for the reason given at insertEnvironment.
func insertKey(k Key, hash string) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO api_key (id, environment_id, secret_hash, scopes, description, format, created_at)
SELECT CAST($1 AS TEXT), id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT)
FROM environment WHERE id = $7`,
		Args: []any{
			string(k.ID), hash, joinScopes(k.Scopes), k.Description, string(k.Format),
			domain.Micros(k.CreatedAt), string(k.Environment),
		},
		Rows: 1, Err: ErrNoEnvironment,
	}
}

const partKey domain.PartKind = "api_key"

// keyChange is a statement about a key that commits with its audit entry.
type keyChange struct{ statement store.Statement }

func (keyChange) PartOf() domain.PartKind { return partKey }

func writeKey(p domain.Part) ([]store.Statement, error) {
	return []store.Statement{p.(keyChange).statement}, nil
}

func selectKeys(ctx context.Context, q store.Querier, env domain.EnvironmentID) ([]Key, error) {
	return all(ctx, q, func(r store.Rows) (k Key, err error) {
		var scopes string
		var kind domain.EnvironmentKind
		var created, revoked int64
		err = r.Scan(&k.ID, &k.Environment, &kind, &scopes, &k.Description, &k.Format, &created, &revoked)
		k.Scopes, k.Begins = splitScopes(scopes), begins(k.ID, k.Format, kind)
		k.CreatedAt, k.RevokedAt = domain.FromMicros(created), domain.FromMicros(revoked)
		return k, err
	}, `SELECT k.id, k.environment_id, e.kind, k.scopes, k.description, k.format, k.created_at, k.revoked_at
FROM api_key k JOIN environment e ON e.id = k.environment_id WHERE k.environment_id = $1 ORDER BY k.id`, string(env))
}

// revokeKey keeps the time of the first revocation.
func revokeKey(env domain.EnvironmentID, id domain.KeyID, now time.Time) store.Statement {
	return store.Statement{
		SQL: `UPDATE api_key SET revoked_at = CASE WHEN revoked_at = 0 THEN CAST($1 AS BIGINT) ELSE revoked_at END
WHERE id = $2 AND environment_id = $3`,
		Args: []any{domain.Micros(now), string(id), string(env)},
		Rows: 1, Err: ErrNoKey,
	}
}

func selectLiveKey(ctx context.Context, q store.Querier, id domain.KeyID) (keyRow, error) {
	return one(ctx, q, func(r store.Rows) (k keyRow, err error) {
		var scopes string
		p := &k.principal
		err = r.Scan(&p.Key, &k.hash, &scopes,
			&p.Environment.ID, &p.Environment.Organisation, &p.Environment.Kind, &p.Environment.Mode)
		p.Scopes = splitScopes(scopes)
		return k, err
	}, `SELECT k.id, k.secret_hash, k.scopes, e.id, e.organisation_id, e.kind, e.mode
FROM api_key k JOIN environment e ON e.id = k.environment_id
WHERE k.id = $1 AND k.revoked_at = 0`, string(id))
}

func joinScopes(scopes []domain.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func splitScopes(text string) []domain.Scope {
	words := strings.Fields(text)
	scopes := make([]domain.Scope, len(words))
	for i, w := range words {
		scopes[i] = domain.Scope(w)
	}
	return scopes
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
