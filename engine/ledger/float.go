package ledger

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Float is what an environment has in one currency.
type Float struct {
	Currency string
	// Available is what payouts may take: the account float.
	Available int64
	// Suspense is what payouts under way have taken, and what succeeded late and
	// waits for a person.
	Suspense   int64
	Commission int64 // that was kept of collections
}

// Floats answers what an environment has, by currency and all as of one moment.
// There are as many as currencies that something was posted in.
func (s *Service) Floats(ctx context.Context, env domain.EnvironmentID) ([]Float, error) {
	const of = ` WHERE environment_id = $1 AND account IN ($2, $3, $4)`
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT currency,
 CAST(SUM(CASE WHEN account = $2 THEN amount ELSE 0 END) AS BIGINT),
 CAST(SUM(CASE WHEN account = $3 THEN amount ELSE 0 END) AS BIGINT),
 CAST(SUM(CASE WHEN account = $4 THEN amount ELSE 0 END) AS BIGINT)
FROM (
 SELECT account, currency, snapshot_balance AS amount FROM ledger_account`+of+`
 UNION ALL SELECT account, currency, amount FROM ledger_tail`+of+`
) AS parts GROUP BY currency ORDER BY currency`, env, domain.AccountFloat, domain.AccountSuspense, domain.AccountCommission)
	if err != nil {
		return nil, fmt.Errorf("read the float: %w", err)
	}
	defer rows.Close()
	var out []Float
	for rows.Next() {
		var f Float
		if err := rows.Scan(&f.Currency, &f.Available, &f.Suspense, &f.Commission); err != nil {
			return nil, fmt.Errorf("read the float: %w", err)
		}
		out = append(out, f)
	}
	return out, rows.Err()
}
