package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Verified counts what Verify looked at.
type Verified struct {
	Entries, Postings, Accounts, Faults int64
}

// Verify adds the whole ledger up and tells each fault: every entry is balanced and
// has its postings, every posting its entry, every adjustment of the float its own,
// every snapshot is the sum of what it covers, and the accounts of each environment
// and currency cancel out. It may run while others post and fold; tell runs on the
// caller's goroutine and must not write. The error is of the database.
func (s *Service) Verify(ctx context.Context, tell func(Fault)) (Verified, error) {
	v := verifier{q: s.cfg.Store.Reader(), tell: tell, batch: s.cfg.Batch}
	for _, step := range []func(context.Context) error{v.entries, v.strays, v.adjustments, v.tails, v.accounts} {
		if err := step(ctx); err != nil {
			return v.Verified, fmt.Errorf("verify the ledger: %w", err)
		}
	}
	return v.Verified, nil
}

type verifier struct {
	Verified
	q     store.Querier
	tell  func(Fault)
	batch int
}

func (v *verifier) fault(f Fault) {
	v.Faults++
	v.tell(f)
}

// entries walks all entries in the order of their ids. Each of its queries sees
// an entry with all its postings or not at all.
func (v *verifier) entries(ctx context.Context) error {
	for after := domain.EntryID(""); ; {
		page, err := v.page(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			v.Entries++
			v.Postings += int64(len(e.Postings))
			var broken *domain.Error
			if errors.As(e.Check(), &broken) {
				v.fault(Fault{Kind: FaultEntry, Environment: e.Environment, Currency: e.Currency, Entry: e.ID, Detail: broken.Detail})
			}
		}
		after = page[len(page)-1].ID
	}
}

func (v *verifier) page(ctx context.Context, after domain.EntryID) (page []domain.LedgerEntry, err error) {
	err = v.each(ctx, func(rows store.Rows) error {
		var e domain.LedgerEntry
		var p domain.Posting
		var at int64
		if err := rows.Scan(&e.ID, &e.Environment, &e.Kind, &e.Resource, &e.Currency, &at, &p.Account, &p.Amount); err != nil {
			return err
		}
		if len(page) == 0 || page[len(page)-1].ID != e.ID {
			e.At = domain.FromMicros(at)
			page = append(page, e)
		}
		if p.Account != "" { // an entry without postings has one row all the same
			last := &page[len(page)-1]
			last.Postings = append(last.Postings, p)
		}
		return nil
	}, `SELECT e.id, e.environment_id, e.kind, e.resource_id, e.currency, e.at, COALESCE(p.account, ''), COALESCE(p.amount, 0)
FROM (SELECT * FROM ledger_entry WHERE id > $1 ORDER BY id LIMIT $2) AS e LEFT JOIN ledger_posting AS p ON p.entry_id = e.id ORDER BY e.id, p.account`,
		after, int64(v.batch))
	return page, err
}

// strays are postings that no entry has, or that say otherwise than theirs.
func (v *verifier) strays(ctx context.Context) error {
	return v.each(ctx, func(rows store.Rows) error {
		f := Fault{Kind: FaultPosting}
		var amount int64
		err := rows.Scan(&f.Environment, &f.Currency, &f.Account, &f.Entry, &amount)
		f.Detail = fmt.Sprintf("%d is posted, and no entry has this environment, currency and time", amount)
		v.fault(f)
		return err
	}, `SELECT p.environment_id, p.currency, p.account, p.entry_id, p.amount FROM ledger_posting AS p LEFT JOIN ledger_entry AS e
 ON e.id = p.entry_id AND e.environment_id = p.environment_id AND e.currency = p.currency AND e.at = p.at WHERE e.id IS NULL ORDER BY p.entry_id, p.account`)
}

// tails are rows that wait to be folded and are not what was posted.
func (v *verifier) tails(ctx context.Context) error {
	return v.each(ctx, func(rows store.Rows) error {
		var w waiting
		err := rows.Scan(&w.environment, &w.currency, &w.account, &w.entry, &w.amount)
		v.fault(w.fault())
		return err
	}, `SELECT t.environment_id, t.currency, t.account, t.entry_id, t.amount FROM ledger_tail AS t LEFT JOIN ledger_posting AS p
 ON p.entry_id = t.entry_id AND p.account = t.account AND p.environment_id = t.environment_id AND p.currency = t.currency AND p.amount = t.amount
WHERE p.entry_id IS NULL ORDER BY t.entry_id, t.account`)
}

// accounts compares each balance with what was posted, and adds up those of an
// environment and currency, all as of one moment.
func (v *verifier) accounts(ctx context.Context) error {
	var total struct {
		key
		posted, held int64
	}
	end := func() {
		place := Fault{Kind: FaultTotal, Environment: total.environment, Currency: total.currency}
		if total.posted != 0 {
			place.Detail = fmt.Sprintf("all postings add up to %d", total.posted)
			v.fault(place)
		}
		if total.held != total.posted {
			place.Detail = fmt.Sprintf("all balances add up to %d, all postings to %d", total.held, total.posted)
			v.fault(place)
		}
		total.posted, total.held = 0, 0
	}
	err := v.each(ctx, func(rows store.Rows) error {
		var k key
		var posted, tail, snapshot int64
		if err := rows.Scan(&k.environment, &k.currency, &k.account, &posted, &tail, &snapshot); err != nil {
			return err
		}
		if k.environment != total.environment || k.currency != total.currency {
			end()
			total.key = k
		}
		v.Accounts++
		if snapshot != posted-tail {
			v.fault(k.snapshotFault(snapshot, posted-tail))
		}
		total.posted, total.held = capped(total.posted, posted), capped(capped(total.held, snapshot), tail)
		return nil
	}, `SELECT environment_id, currency, account, CAST(SUM(posted) AS BIGINT), CAST(SUM(tail) AS BIGINT), CAST(SUM(snapshot) AS BIGINT) FROM (
 SELECT environment_id, currency, account, amount AS posted, 0 AS tail, 0 AS snapshot FROM ledger_posting
 UNION ALL SELECT environment_id, currency, account, 0, amount, 0 FROM ledger_tail
 UNION ALL SELECT environment_id, currency, account, 0, 0, snapshot_balance FROM ledger_account
) AS parts GROUP BY environment_id, currency, account ORDER BY environment_id, currency, account`)
	end()
	return err
}

// capped adds without going round: sums of a sound ledger come nowhere near.
func capped(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

func (v *verifier) each(ctx context.Context, scan func(store.Rows) error, sql string, args ...any) error {
	rows, err := v.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
