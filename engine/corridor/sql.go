package corridor

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// corridorRow and storeRow are what is stored: the version tells whether
// somebody has changed it since it was read.
type corridorRow struct {
	domain.Corridor
	version int64
}

type storeRow struct {
	domain.MerchantStore
	version int64
}

func insertCorridor(c domain.Corridor) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO corridor (environment_id, operator, country, connection_id, enabled, currency, commission_bps, merchant_absorption_pct, unknown_msisdn_policy, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10) ON CONFLICT DO NOTHING`,
		Args: []any{c.Environment, c.Operator, c.Country, c.Connection, c.Enabled, c.Currency, c.CommissionBps, c.MerchantAbsorptionPct, c.UnknownMSISDNPolicy, domain.Micros(c.CreatedAt)},
		Rows: 1, Err: errOvertaken,
	}
}

func updateCorridor(c corridorRow) store.Statement {
	return store.Statement{
		SQL: `UPDATE corridor SET connection_id = $1, enabled = $2, currency = $3, commission_bps = $4, merchant_absorption_pct = $5, unknown_msisdn_policy = $6, version = version + 1, updated_at = $7
WHERE environment_id = $8 AND operator = $9 AND country = $10 AND version = $11`,
		Args: []any{
			c.Connection, c.Enabled, c.Currency, c.CommissionBps, c.MerchantAbsorptionPct, c.UnknownMSISDNPolicy, domain.Micros(c.UpdatedAt),
			c.Environment, c.Operator, c.Country, c.version,
		},
		Rows: 1, Err: errOvertaken,
	}
}

func (s *Service) read(ctx context.Context, k key) (corridorRow, error) {
	rows, err := s.selectCorridors(ctx, `environment_id = $1 AND operator = $2 AND country = $3`, k.environment, k.operator, k.country)
	switch {
	case err != nil:
		return corridorRow{}, fmt.Errorf("read corridor %s: %w", k, err)
	case len(rows) == 0:
		return corridorRow{}, ErrNotFound
	}
	return rows[0], nil
}

func (s *Service) selectCorridors(ctx context.Context, rest string, args ...any) ([]corridorRow, error) {
	return all(ctx, s.cfg.Store.Reader(), func(r store.Rows) (c corridorRow, err error) {
		var enabled, created, updated int64
		err = r.Scan(&c.Environment, &c.Operator, &c.Country, &c.Connection, &enabled, &c.Currency, &c.CommissionBps, &c.MerchantAbsorptionPct, &c.UnknownMSISDNPolicy, &c.version, &created, &updated)
		c.Enabled, c.CreatedAt, c.UpdatedAt = enabled == 1, domain.FromMicros(created), domain.FromMicros(updated)
		return c, err
	}, `SELECT environment_id, operator, country, connection_id, enabled, currency, commission_bps, merchant_absorption_pct, unknown_msisdn_policy, version, created_at, updated_at
FROM corridor WHERE `+rest, args...)
}

func insertStore(m domain.MerchantStore) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO merchant_store (environment_id, slug, name, active, version, created_at)
VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT DO NOTHING`,
		Args: []any{m.Environment, m.Slug, m.Name, m.Active, domain.Micros(m.CreatedAt)},
		Rows: 1, Err: errStoreMade,
	}
}

func updateStore(m storeRow) store.Statement {
	return store.Statement{
		SQL:  `UPDATE merchant_store SET name = $1, active = $2, version = version + 1 WHERE environment_id = $3 AND slug = $4 AND version = $5`,
		Args: []any{m.Name, m.Active, m.Environment, m.Slug, m.version},
		Rows: 1, Err: errOvertaken,
	}
}

func (s *Service) readStore(ctx context.Context, k storeKey) (storeRow, error) {
	rows, err := s.selectStores(ctx, `environment_id = $1 AND slug = $2`, k.environment, k.slug)
	switch {
	case err != nil:
		return storeRow{}, fmt.Errorf("read store %s: %w", k.slug, err)
	case len(rows) == 0:
		return storeRow{}, ErrStoreNotFound
	}
	return rows[0], nil
}

func (s *Service) selectStores(ctx context.Context, rest string, args ...any) ([]storeRow, error) {
	return all(ctx, s.cfg.Store.Reader(), func(r store.Rows) (m storeRow, err error) {
		var active, created int64
		err = r.Scan(&m.Environment, &m.Slug, &m.Name, &active, &m.version, &created)
		m.Active, m.CreatedAt = active == 1, domain.FromMicros(created)
		return m, err
	}, `SELECT environment_id, slug, name, active, version, created_at FROM merchant_store WHERE `+rest, args...)
}

// all reads every row of a query.
func all[T any](ctx context.Context, q store.Querier, scan func(store.Rows) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
