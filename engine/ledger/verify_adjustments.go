package ledger

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// adjustments are those that were not posted as they say, and entries of
// adjustments that nobody has booked.
func (v *verifier) adjustments(ctx context.Context) error {
	err := v.each(ctx, func(rows store.Rows) error {
		f := Fault{Kind: FaultAdjustment, Account: domain.AccountFloat}
		var id, operator string
		var amount int64
		err := rows.Scan(&f.Environment, &f.Currency, &f.Entry, &id, &operator, &amount)
		f.Detail = fmt.Sprintf("%s books %d against %s, and the entry does not", id, amount, domain.SettlementAccount(operator))
		v.fault(f)
		return err
	}, `SELECT a.environment_id, a.currency, a.entry_id, a.id, a.operator, a.amount FROM float_adjustment AS a
 LEFT JOIN ledger_entry AS e ON e.id = a.entry_id AND e.environment_id = a.environment_id AND e.kind = $1 AND e.resource_id = a.id AND e.currency = a.currency AND e.at = a.at
 LEFT JOIN ledger_posting AS f ON f.entry_id = e.id AND f.account = $2 AND f.amount = a.amount
 LEFT JOIN ledger_posting AS o ON o.entry_id = e.id AND o.account = $3 || a.operator AND o.amount = -a.amount
WHERE f.entry_id IS NULL OR o.entry_id IS NULL ORDER BY a.id`, KindAdjustment, domain.AccountFloat, domain.SettlementAccount(""))
	if err != nil {
		return err
	}
	return v.each(ctx, func(rows store.Rows) error {
		f := Fault{Kind: FaultAdjustment, Detail: "nobody has booked the adjustment that it is of"}
		err := rows.Scan(&f.Environment, &f.Currency, &f.Entry)
		v.fault(f)
		return err
	}, `SELECT e.environment_id, e.currency, e.id FROM ledger_entry AS e LEFT JOIN float_adjustment AS a ON a.entry_id = e.id WHERE e.kind = $1 AND a.id IS NULL ORDER BY e.id`,
		KindAdjustment)
}
