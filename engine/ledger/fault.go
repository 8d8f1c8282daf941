package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// FaultKind is what does not add up.
type FaultKind string

// The kinds of faults.
const (
	FaultEntry    FaultKind = "entry"    // an entry is not balanced, or not as it can be posted
	FaultPosting  FaultKind = "posting"  // a posting is of no entry, or contradicts it
	FaultTail     FaultKind = "tail"     // what waits to be folded is of no posting, or contradicts it
	FaultSnapshot FaultKind = "snapshot" // a snapshot is not the sum of what it covers
	FaultTotal    FaultKind = "total"    // the accounts of an environment and currency do not cancel out
	// FaultAdjustment: what a person booked is not what was posted.
	FaultAdjustment FaultKind = "adjustment"
)

// Fault is one place where the ledger contradicts itself.
type Fault struct {
	Kind        FaultKind
	Environment domain.EnvironmentID
	Currency    string
	Account     domain.Account // empty when it is about none
	Entry       domain.EntryID // empty when it is about none
	Detail      string
}

// String names the place and what is wrong with it.
func (f Fault) String() string {
	parts := []string{string(f.Kind), string(f.Environment)}
	for _, place := range []string{f.Currency, string(f.Account), string(f.Entry)} {
		if place != "" {
			parts = append(parts, place)
		}
	}
	return strings.Join(parts, " ") + ": " + f.Detail
}

func (w waiting) fault() Fault {
	return Fault{
		Kind: FaultTail, Environment: w.environment, Currency: w.currency, Account: w.account, Entry: w.entry,
		Detail: fmt.Sprintf("%d waits to be folded, and no posting says so", w.amount),
	}
}

// prove adds up anew all that a snapshot covers, by one statement, while others
// post.
func (s *Service) prove(ctx context.Context, k key) ([]Fault, error) {
	const of = ` WHERE environment_id = $1 AND account = $2 AND currency = $3`
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT snapshot_balance,
 (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_posting`+of+`),
 (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_tail`+of+`) FROM ledger_account`+of, k.environment, k.account, k.currency)
	if err != nil {
		return nil, fmt.Errorf("prove %s of %s in %s: %w", k.account, k.environment, k.currency, err)
	}
	defer rows.Close()
	var faults []Fault
	for rows.Next() {
		var snapshot, posted, tail int64
		if err := rows.Scan(&snapshot, &posted, &tail); err != nil {
			return nil, fmt.Errorf("prove %s of %s in %s: %w", k.account, k.environment, k.currency, err)
		}
		if snapshot != posted-tail {
			faults = append(faults, k.snapshotFault(snapshot, posted-tail))
		}
	}
	return faults, rows.Err()
}

func (k key) snapshotFault(is, want int64) Fault {
	return Fault{
		Kind: FaultSnapshot, Environment: k.environment, Currency: k.currency, Account: k.account,
		Detail: fmt.Sprintf("the snapshot says %d, what it covers adds up to %d", is, want),
	}
}

// maxTold bounds the faults that are remembered.
const maxTold = 1000

// alarm logs faults, each once.
func (s *Service) alarm(faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if s.told[f] {
			continue
		}
		if len(s.told) == maxTold {
			clear(s.told)
		}
		s.told[f] = true
		s.cfg.Log.Error("the ledger does not add up: afara ledger verify names all faults", "kind", f.Kind, "environment", f.Environment,
			"currency", f.Currency, "account", f.Account, "entry", f.Entry, "detail", f.Detail)
	}
}
