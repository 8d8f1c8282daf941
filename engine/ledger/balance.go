package ledger

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Balance is what an account has in one currency: what it was credited less what
// it was debited.
type Balance struct {
	Account  domain.Account
	Currency string
	Amount   int64
}

// BalanceFilter selects accounts; what is empty selects all.
type BalanceFilter struct {
	Account  domain.Account
	Currency string
	// After is the account and currency that ended the page before.
	After Balance
	Limit int // required
}

// Balances answers an environment's balances in the order of their accounts, all
// as of one moment. What was folded and what was not are read by one statement.
func (s *Service) Balances(ctx context.Context, env domain.EnvironmentID, f BalanceFilter) ([]Balance, error) {
	where, args := `environment_id = $1`, []any{env}
	add := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i := range values {
			marks[i] = len(args) + i + 1
		}
		where, args = where+fmt.Sprintf(condition, marks...), append(args, values...)
	}
	if f.Account != "" {
		add(` AND account = $%d`, f.Account)
	}
	if f.Currency != "" {
		add(` AND currency = $%d`, f.Currency)
	}
	if f.After.Account != "" {
		add(` AND (account, currency) > ($%d, $%d)`, f.After.Account, f.After.Currency)
	}
	args = append(args, int64(f.Limit))
	// Both lists are cut, so that a page costs a page: what is among the first of
	// both together is among the first of each that has it.
	rows, err := s.cfg.Store.Reader().Query(ctx, fmt.Sprintf(`SELECT account, currency, CAST(SUM(amount) AS BIGINT) FROM (
 SELECT * FROM (SELECT account, currency, snapshot_balance AS amount FROM ledger_account WHERE %[1]s ORDER BY account, currency LIMIT $%[2]d) AS folded
 UNION ALL
 SELECT * FROM (SELECT account, currency, CAST(SUM(amount) AS BIGINT) AS amount FROM ledger_tail WHERE %[1]s GROUP BY account, currency ORDER BY account, currency LIMIT $%[2]d) AS tail
) AS parts GROUP BY account, currency ORDER BY account, currency LIMIT $%[2]d`, where, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read balances: %w", err)
	}
	defer rows.Close()
	var out []Balance
	for rows.Next() {
		var b Balance
		if err := rows.Scan(&b.Account, &b.Currency, &b.Amount); err != nil {
			return nil, fmt.Errorf("read balances: %w", err)
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// Balance answers one account's; 0 when nothing was ever posted to it.
func (s *Service) Balance(ctx context.Context, env domain.EnvironmentID, account domain.Account, currency string) (int64, error) {
	list, err := s.Balances(ctx, env, BalanceFilter{Account: account, Currency: currency, Limit: 1})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Amount, nil
}
