package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestAnEntryMovesMoneyBetweenAccounts(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 24750, 250)))
		w.must(w.post(w.payout(tx(2), 4750)))
		for account, want := range map[domain.Account]int64{domain.AccountFloat: 20000, domain.AccountCommission: 250, sim: -20250, domain.AccountSuspense: 0} {
			if got := w.balance(account); got != want {
				w.Errorf("%s has %d, want %d", account, got, want)
			}
		}
		w.sound()
	})
}

func TestAnEntryThatBreaksARuleStoresNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		const most = domain.MaxPosting
		float := func(n int64) domain.Posting { return domain.Posting{Account: domain.AccountFloat, Amount: n} }
		to := func(n int64) domain.Posting { return domain.Posting{Account: sim, Amount: n} }
		many := make([]domain.Posting, domain.MaxPostings+1)
		for i := range many {
			many[i] = domain.Posting{Account: domain.SIMAccount(fmt.Sprintf("+22507070%05d", i))}
		}
		many[0].Amount, many[1].Amount = 1, -1
		for rule, e := range map[string]domain.LedgerEntry{
			"add up to 1":          w.entry("collection", tx(1), float(3), to(-2)),
			"move nothing":         w.entry("collection", tx(1)),
			"Postings: move":       w.entry("collection", tx(1), float(0), to(0)),
			"is there twice":       w.entry("collection", tx(1), float(1), float(-1)),
			"at most":              w.entry("collection", tx(1), float(most+1), to(-most-1)),
			"set Refused":          w.entry("collection", tx(1), domain.Posting{Account: domain.AccountFloat, Amount: -1, AtLeastZero: true}, to(1)),
			"is no account":        w.entry("collection", tx(1), float(1), domain.Posting{Account: "sim:0707", Amount: -1}),
			"may be in one":        w.entry("collection", tx(1), many...),
			`Kind: "Refund"`:       w.entry("Refund", tx(1), float(1), to(-1)),
			`Resource: ""`:         w.entry("refund", "", float(1), to(-1)),
			"Currency":             changed(w.entry("refund", tx(1), float(1), to(-1)), func(e *domain.LedgerEntry) { e.Currency = "xof" }),
			"Environment":          changed(w.entry("refund", tx(1), float(1), to(-1)), func(e *domain.LedgerEntry) { e.Environment = "" }),
			"At: is":               changed(w.entry("refund", tx(1), float(1), to(-1)), func(e *domain.LedgerEntry) { e.At = time.Time{} }),
			"is no id":             changed(w.entry("refund", tx(1), float(1), to(-1)), func(e *domain.LedgerEntry) { e.ID = "evt_1" }),
			"-9223372036854775808": w.entry("refund", tx(1), float(-1<<63), to(-1<<63)),
		} {
			err := w.post(w.collection(tx(2), 1, 0), e)
			if !errors.Is(err, domain.ErrEntry) || !strings.Contains(err.Error(), rule) {
				w.Errorf("%s: %v", rule, err)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM ledger_entry`); n != 0 {
			w.Errorf("%d entries are stored", n)
		}
	})
}

func changed(e domain.LedgerEntry, change func(*domain.LedgerEntry)) domain.LedgerEntry {
	change(&e)
	return e
}

// A commission can be nothing, and the payment settles all the same.
func TestAPostingOfNothingIsLeftOut(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 49, 0)))
		if n := w.count(`SELECT COUNT(*) FROM ledger_posting`); n != 2 {
			w.Errorf("%d postings", n)
		}
		w.sound()
	})
}

func TestAnEntryOfAKindIsPostedOnceForAResource(t *testing.T) {
	onBoth(t, func(w *world) {
		errs := together(func(i int) error { return w.post(w.collection(tx(1), int64(i+1), 0)) })
		if n := w.ended(errs, nil, domain.ErrPosted); n[0] != 1 {
			w.Errorf("%d were posted", n[0])
		}
		w.must(w.post(w.entry("late_success", tx(1), w.collection(tx(1), 5, 0).Postings...)))
		w.must(w.post(changed(w.collection(tx(1), 5, 0), func(e *domain.LedgerEntry) { e.Environment = theirs })))
		w.must(w.post(w.collection(tx(2), 5, 0)))
		if n := w.count(`SELECT COUNT(*) FROM ledger_entry`); n != 4 {
			w.Errorf("%d entries", n)
		}
		w.sound()
	})
}

// 14 debits of 7 fit into 100, wherever the 100 lie and whoever folds meanwhile.
func TestParallelDebitsLetThroughWhatTheFloatBears(t *testing.T) {
	for name, before := range map[string]func(w *world){
		"all is in the tail": func(*world) {},
		"all is folded":      func(w *world) { stop := w.folding("node_a"); w.folded(0); stop() },
		"half is folded": func(w *world) {
			stop := w.folding("node_a")
			w.folded(0)
			stop()
			for i := range 10 {
				w.must(w.post(w.collection(tx(100+i), 5, 0)))
			}
			w.must(w.post(w.entry("correction", tx(1), domain.Posting{Account: domain.AccountFloat, Amount: -50}, domain.Posting{Account: domain.AccountSuspense, Amount: 50})))
		},
		"another node folds": func(w *world) { w.folding("node_a", func(c *ledger.Config) { c.Batch = 3 }) },
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				for i := range 20 {
					w.must(w.post(w.collection(tx(i), 5, 0)))
				}
				before(w)
				errs := together(func(i int) error { return w.post(w.payout(tx(i), 7)) })
				if n := w.ended(errs, nil, errFunds); n[0] != 14 {
					w.Errorf("%d debits of 7 from 100", n[0])
				}
				if got := w.balance(domain.AccountFloat); got != 2 {
					w.Errorf("%d are left of 100", got)
				}
				w.sound()
			})
		})
	}
}

func TestARefusedDebitStoresNothingOfItsChange(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 10, 0)))
		if err := w.post(w.collection(tx(2), 5, 0), w.payout(tx(3), 16)); !errors.Is(err, errFunds) {
			w.Fatal(err)
		}
		if got := w.balance(domain.AccountFloat); got != 10 {
			w.Errorf("the float has %d", got)
		}
		// What the change itself credits counts.
		w.must(w.post(w.collection(tx(2), 5, 0), w.payout(tx(3), 15)))
		if got := w.balance(domain.AccountFloat); got != 0 {
			w.Errorf("the float has %d", got)
		}
		w.sound()
	})
}

// A debit that asks nothing may go below zero; one that asks sees it.
func TestADebitThatDoesNotAskIsNeverRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 10, 0)))
		w.must(w.post(w.payout(tx(2), 4)))
		w.must(w.post(w.entry("correction", tx(3), domain.Posting{Account: domain.AccountFloat, Amount: -8}, domain.Posting{Account: domain.AccountSuspense, Amount: 8})))
		if got := w.balance(domain.AccountFloat); got != -2 {
			w.Errorf("the float has %d", got)
		}
		if err := w.post(w.payout(tx(4), 1)); !errors.Is(err, errFunds) {
			w.Error(err)
		}
		w.must(w.post(w.collection(tx(5), 3, 0)))
		w.must(w.post(w.payout(tx(6), 1)))
		w.sound()
	})
}

func TestAccountsOfEnvironmentsAndCurrenciesAreApart(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(changed(w.collection(tx(1), 10, 0), func(e *domain.LedgerEntry) { e.Environment = theirs })))
		w.must(w.post(changed(w.collection(tx(1), 10, 0), func(e *domain.LedgerEntry) { e.Currency = "RWF" })))
		if err := w.post(w.payout(tx(2), 1)); !errors.Is(err, errFunds) {
			w.Errorf("a debit took of another's float: %v", err)
		}
		w.must(w.post(changed(w.payout(tx(2), 10), func(e *domain.LedgerEntry) { e.Currency = "RWF" })))
		w.sound()
	})
}

// Somebody holds the float's row and does not commit, and a debit of another node
// waits for it. Credits go by.
func TestCreditsDoNotWaitForADebit(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	node := func() *world {
		s, err := store.Open(t.Context(), store.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return newWorld(t, s)
	}
	w, other := node(), node()
	w.must(w.post(w.collection(tx(0), 100, 0)))
	w.must(w.post(w.payout(tx(0), 1)))
	locked, release, held := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	let := sync.OnceFunc(func() { close(release) })
	defer let()
	go func() {
		held <- w.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE ledger_account SET checked_balance = 0 WHERE account = 'float'`)
			close(locked)
			<-release
			return err
		})
	}()
	<-locked
	debit := make(chan error, 1)
	go func() { debit <- other.post(w.payout(tx(1), 1)) }()
	storetest.Await(t, "the debit to wait", func() bool {
		return w.count(`SELECT COUNT(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database OR pg_locks.database IS NULL
WHERE datname = current_database() AND NOT granted`) > 0
	})
	errs := together(func(i int) error { return w.post(w.collection(tx(i+1), 1, 0)) })
	w.must(errors.Join(errs...))
	if got := w.balance(domain.AccountFloat); got != 99+callers {
		t.Errorf("the float has %d", got)
	}
	select {
	case err := <-debit:
		t.Errorf("a debit did not wait: %v", err)
	default:
	}
	let()
	w.must(errors.Join(<-held, <-debit))
	w.sound()
}

func TestAccountsHaveNames(t *testing.T) {
	t.Parallel()
	for name, valid := range map[domain.Account]bool{
		domain.AccountFloat: true, domain.AccountCommission: true, domain.AccountSuspense: true,
		domain.SIMAccount("+2250707000001"): true, domain.SettlementAccount("mtn"): true,
		domain.SIMAccount("0707000001"): false, domain.SettlementAccount(""): false, "Float": false, "float\n": false, "sim": false,
	} {
		if name.Valid() != valid {
			t.Errorf("%q: valid is %t", name, !valid)
		}
	}
}

// order is that of an entry's postings as they are read.
func order(postings []domain.Posting) bool {
	return slices.IsSortedFunc(postings, func(a, b domain.Posting) int { return strings.Compare(string(a.Account), string(b.Account)) })
}
