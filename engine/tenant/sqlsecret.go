package tenant

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// secretRow is an environment's sealed secrets.
type secretRow struct {
	env               domain.EnvironmentID
	current, previous string
	previousUntil     time.Time
}

func (r secretRow) sealed() []string {
	if r.previous == "" {
		return []string{r.current}
	}
	return []string{r.current, r.previous}
}

func scanSecrets(r store.Rows) (row secretRow, err error) {
	var until int64
	err = r.Scan(&row.env, &row.current, &row.previous, &until)
	row.previousUntil = domain.FromMicros(until)
	return row, err
}

func selectSecrets(ctx context.Context, q store.Querier, env domain.EnvironmentID) (secretRow, error) {
	return one(ctx, q, scanSecrets,
		`SELECT id, signing_secret, previous_secret, previous_until FROM environment WHERE id = $1`, string(env))
}

func selectAllSecrets(ctx context.Context, q store.Querier) ([]secretRow, error) {
	return all(ctx, q, scanSecrets,
		`SELECT id, signing_secret, previous_secret, previous_until FROM environment ORDER BY id`)
}

// partRotatedSecret is a new signing secret of an environment.
const partRotatedSecret domain.PartKind = "environment_secret"

type rotatedSecret struct {
	env    domain.EnvironmentID
	sealed string
	until  time.Time // the one before signs too
}

func (rotatedSecret) PartOf() domain.PartKind { return partRotatedSecret }

func writeRotatedSecret(p domain.Part) ([]store.Statement, error) {
	r := p.(rotatedSecret)
	return []store.Statement{{
		SQL: `UPDATE environment SET previous_secret = signing_secret, signing_secret = $1, previous_until = $2
WHERE id = $3`,
		Args: []any{r.sealed, domain.Micros(r.until), string(r.env)},
		Rows: 1, Err: ErrNoEnvironment,
	}}, nil
}

// replaceSecrets writes only over what was read: a rotation in between wins.
func replaceSecrets(old, next secretRow) store.Statement {
	return store.Statement{
		SQL: `UPDATE environment SET signing_secret = $1, previous_secret = $2
WHERE id = $3 AND signing_secret = $4 AND previous_secret = $5`,
		Args: []any{next.current, next.previous, string(old.env), old.current, old.previous},
		Rows: 1,
	}
}

func insertMasterKey(id, check string, now time.Time) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO master_key (id, check_value, created_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO NOTHING`,
		Args: []any{id, check, domain.Micros(now)},
		Rows: store.AnyRows,
	}
}

func selectMasterKeys(ctx context.Context, q store.Querier) (map[string]string, error) {
	type pair struct{ id, check string }
	pairs, err := all(ctx, q, func(r store.Rows) (p pair, err error) {
		return p, r.Scan(&p.id, &p.check)
	}, `SELECT id, check_value FROM master_key`)
	values := make(map[string]string, len(pairs))
	for _, p := range pairs {
		values[p.id] = p.check
	}
	return values, err
}
