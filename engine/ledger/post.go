package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Register makes the applier post domain.LedgerEntry, and store adjustments of the
// float before it. It belongs behind what else a transaction locks: debits of one
// account wait for each other's commit.
func Register(a *store.Applier) {
	a.Register(partAdjustment, writeAdjustment)
	a.Register(domain.PartLedger, post)
}

// post turns an entry into statements. Accounts are locked last, and in one order
// in all entries.
func post(p domain.Part) ([]store.Statement, error) {
	e := p.(domain.LedgerEntry)
	if err := e.Check(); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(e.Postings), func(p domain.Posting) bool { return p.Amount == 0 })
	slices.SortFunc(all, func(a, b domain.Posting) int { return cmp.Compare(a.Account, b.Account) })
	var appended, asking []domain.Posting
	for _, p := range all {
		if p.AtLeastZero && p.Amount < 0 {
			asking = append(asking, p)
		} else {
			appended = append(appended, p)
		}
	}
	statements := []store.Statement{insertEntry(e), insertPostings(e, all)}
	if len(appended) > 0 {
		statements = append(statements, insertTail(e, appended))
	}
	for _, p := range asking {
		statements = append(statements, debit(e, p)...)
	}
	return statements, nil
}

func insertEntry(e domain.LedgerEntry) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO ledger_entry (id, environment_id, resource_id, kind, currency, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (environment_id, resource_id, kind) DO NOTHING`,
		Args: []any{e.ID, e.Environment, e.Resource, e.Kind, e.Currency, domain.Micros(e.At)}, Rows: 1, Err: domain.ErrPosted,
	}
}

func insertPostings(e domain.LedgerEntry, all []domain.Posting) store.Statement {
	return insertAll(`INSERT INTO ledger_posting (environment_id, entry_id, currency, at, account, amount) VALUES `, `$1, $2, $3, $4`,
		[]any{e.Environment, e.ID, e.Currency, domain.Micros(e.At)}, all)
}

func insertTail(e domain.LedgerEntry, all []domain.Posting) store.Statement {
	return insertAll(`INSERT INTO ledger_tail (environment_id, entry_id, currency, account, amount) VALUES `, `$1, $2, $3`,
		[]any{e.Environment, e.ID, e.Currency}, all)
}

// insertAll makes one row of each posting, behind what all of them share.
func insertAll(insert, shared string, args []any, all []domain.Posting) store.Statement {
	rows := make([]string, len(all))
	for i, p := range all {
		rows[i] = fmt.Sprintf("(%s, $%d, $%d)", shared, len(args)+1, len(args)+2)
		args = append(args, p.Account, p.Amount)
	}
	return store.Statement{SQL: insert + strings.Join(rows, ", "), Args: args, Rows: int64(len(all))}
}

// debit takes from an account what it must have. The row is locked by a statement
// of its own, so that the next one sees all that was committed before: it writes
// the balance into the row, and the last one tests that column. The snapshot covers
// the debit at once.
func debit(e domain.LedgerEntry, p domain.Posting) []store.Statement {
	account := []any{e.Environment, p.Account, e.Currency}
	return []store.Statement{{
		SQL: `INSERT INTO ledger_account (environment_id, account, currency, snapshot_balance, snapshot_at, checked_balance, proved_at) VALUES ($1, $2, $3, 0, 0, 0, 0)
ON CONFLICT (environment_id, account, currency) DO UPDATE SET checked_balance = ledger_account.checked_balance`,
		Args: account, Rows: 1,
	}, {
		SQL: `UPDATE ledger_account SET checked_balance = snapshot_balance + (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_tail AS t
 WHERE t.environment_id = $1 AND t.account = $2 AND t.currency = $3) WHERE environment_id = $1 AND account = $2 AND currency = $3`,
		Args: account, Rows: 1,
	}, {
		SQL: `UPDATE ledger_account SET snapshot_balance = snapshot_balance + $1, checked_balance = checked_balance + $1
WHERE environment_id = $2 AND account = $3 AND currency = $4 AND checked_balance + $1 >= 0`,
		Args: append([]any{p.Amount}, account...), Rows: 1, Err: p.Refused,
	}}
}
