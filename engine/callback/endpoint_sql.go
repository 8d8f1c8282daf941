package callback

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// The parts of a Change that endpoints are written by.
const (
	partAudienceChanged domain.PartKind = "audience_changed"
	partNewEndpoint     domain.PartKind = "endpoint_new"
	partChangedEndpoint domain.PartKind = "endpoint_changed"
	partHealth          domain.PartKind = "endpoint_health"
)

// audienceChanged says that what an environment's endpoints hear of changes,
// and how many more of them there are.
type audienceChanged struct {
	Environment domain.EnvironmentID
	Add         int
}

func (audienceChanged) PartOf() domain.PartKind { return partAudienceChanged }

type newEndpoint struct{ endpointRow }

func (newEndpoint) PartOf() domain.PartKind { return partNewEndpoint }

type changedEndpoint struct {
	row  endpointRow
	from int64 // the version that it replaces
}

func (changedEndpoint) PartOf() domain.PartKind { return partChangedEndpoint }

// endpointRow is an endpoint with what SQL keeps sealed or as JSON.
type endpointRow struct {
	Endpoint
	events, retry, headers, secret, previous, signingKey string
}

// writeAudienceChanged locks the environment's row until the commit. Events are
// stored under the version that their subscribers were read at.
func writeAudienceChanged(p domain.Part) ([]store.Statement, error) {
	c := p.(audienceChanged)
	return []store.Statement{{
		SQL: `INSERT INTO subscription (environment_id, version, endpoints) VALUES ($1, 1, $2)
ON CONFLICT (environment_id) DO UPDATE SET version = subscription.version + 1, endpoints = subscription.endpoints + excluded.endpoints
WHERE subscription.endpoints + excluded.endpoints <= $3 OR excluded.endpoints <= 0`,
		Args: []any{c.Environment, int64(c.Add), int64(MaxEndpoints)}, Rows: 1, Err: ErrTooManyEndpoints,
	}}, nil
}

const endpointColumns = `id, environment_id, organisation_id, url, events, description, active, disabled_reason, disabled_at, format, retry,
 rate_limit, max_in_flight, ordered, headers, secret, previous_secret, previous_until, signing_key, public_key, failures, failing_since,
 version, created_at, updated_at, deleted_at`

func writeNewEndpoint(p domain.Part) ([]store.Statement, error) {
	e := p.(newEndpoint).endpointRow
	return []store.Statement{{
		SQL: `INSERT INTO endpoint (` + endpointColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)`,
		Args: append([]any{e.ID, e.Environment, e.Organisation}, append(e.settings(), e.Version, domain.Micros(e.CreatedAt), domain.Micros(e.UpdatedAt), domain.Micros(e.DeletedAt))...),
		Rows: 1,
	}}, nil
}

// settings are the columns that a change may change, in their order.
func (e endpointRow) settings() []any {
	return []any{
		e.URL, e.events, e.Description, asInt(e.Active), e.DisabledReason, domain.Micros(e.DisabledAt), string(e.Format), e.retry,
		int64(e.RateLimit), int64(e.MaxInFlight), asInt(e.Ordered), e.headers, e.secret, e.previous, domain.Micros(e.previousUntil),
		e.signingKey, e.PublicKey, int64(e.Failures), domain.Micros(e.FailingSince),
	}
}

func writeChangedEndpoint(p domain.Part) ([]store.Statement, error) {
	c := p.(changedEndpoint)
	return []store.Statement{{
		SQL: `UPDATE endpoint SET url = $1, events = $2, description = $3, active = $4, disabled_reason = $5, disabled_at = $6, format = $7, retry = $8,
 rate_limit = $9, max_in_flight = $10, ordered = $11, headers = $12, secret = $13, previous_secret = $14, previous_until = $15, signing_key = $16,
 public_key = $17, failures = $18, failing_since = $19, version = $20, updated_at = $21, deleted_at = $22
WHERE id = $23 AND version = $24 AND deleted_at = 0`,
		Args: append(c.row.settings(), c.row.Version, domain.Micros(c.row.UpdatedAt), domain.Micros(c.row.DeletedAt), c.row.ID, c.from),
		Rows: 1, Err: errEndpointChanged,
	}}, nil
}

// readEndpoints reads the rows that a condition finds, in the order of their
// making.
func readEndpoints(ctx context.Context, q store.Querier, condition string, args ...any) ([]endpointRow, error) {
	rows, err := q.Query(ctx, `SELECT `+endpointColumns+` FROM endpoint WHERE `+condition+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []endpointRow
	for rows.Next() {
		e, err := scanEndpoint(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

func scanEndpoint(rows store.Rows) (endpointRow, error) {
	var e endpointRow
	var active, ordered, disabled, rate, inFlight, until, failures, failing, created, updated, deleted int64
	var format string
	err := rows.Scan(&e.ID, &e.Environment, &e.Organisation, &e.URL, &e.events, &e.Description, &active, &e.DisabledReason, &disabled, &format, &e.retry,
		&rate, &inFlight, &ordered, &e.headers, &e.secret, &e.previous, &until, &e.signingKey, &e.PublicKey, &failures, &failing,
		&e.Version, &created, &updated, &deleted)
	if err != nil {
		return e, err
	}
	e.Active, e.Ordered, e.Format = active == 1, ordered == 1, Format(format)
	e.RateLimit, e.MaxInFlight, e.Failures = int(rate), int(inFlight), int(failures)
	e.DisabledAt, e.previousUntil, e.FailingSince = domain.FromMicros(disabled), domain.FromMicros(until), domain.FromMicros(failing)
	e.CreatedAt, e.UpdatedAt, e.DeletedAt = domain.FromMicros(created), domain.FromMicros(updated), domain.FromMicros(deleted)
	if err := json.Unmarshal([]byte(e.events), &e.Events); err != nil {
		return e, err
	}
	e.Retry, err = ParseRetry(json.RawMessage(e.retry))
	return e, err
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
