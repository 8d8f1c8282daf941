package ledger_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

func TestVerifyFindsNothingInASoundLedger(t *testing.T) {
	onBoth(t, func(w *world) {
		w.sound() // an empty one too
		for i := range 5 {
			w.must(w.post(w.collection(tx(i), 10, 1)))
			w.must(w.post(w.payout(tx(i), 10)))
		}
		stop := w.folding("node_a")
		w.folded(0)
		stop()
		w.must(w.post(w.collection(tx(5), 10, 1)))
		small := w.service("node_b", func(c *ledger.Config) { c.Batch = 3 })
		got, err := small.Verify(w.Context(), func(f ledger.Fault) { w.Error(f) })
		w.must(err)
		if want := (ledger.Verified{Entries: 11, Postings: 28, Accounts: 3}); got != want {
			w.Errorf("%+v, want %+v", got, want)
		}
	})
}

// Whatever is changed behind the ledger's back, Verify names it and what follows
// from it, and nothing else.
func TestVerifyFindsEachFault(t *testing.T) {
	const float, first = `account = 'float'`, ` AND entry_id IN (SELECT id FROM ledger_entry WHERE resource_id = 'TX_000001')`
	for name, c := range map[string]struct {
		sql  string
		want []string // parts of faults, in their order
	}{
		"a posting was changed": {`UPDATE ledger_posting SET amount = 12 WHERE ` + float + first, []string{
			"entry env_ours XOF led_", "tail env_ours XOF float led_", "snapshot env_ours XOF float: the snapshot says 7, what it covers adds up to 9", "total env_ours XOF: all postings add up to 2", "all balances add up to 0, all postings to 2",
		}},
		"a posting was deleted": {`DELETE FROM ledger_posting WHERE ` + float + first, []string{
			"entry env_ours XOF led_", "tail env_ours XOF float led_", "snapshot env_ours XOF float", "all postings add up to -10", "all balances",
		}},
		"a posting was moved to another time": {`UPDATE ledger_posting SET at = at + 1 WHERE ` + float + first, []string{"posting env_ours XOF float led_"}},
		"a posting changed its account": {`UPDATE ledger_posting SET account = 'suspense' WHERE ` + float + first, []string{
			"tail env_ours XOF float", "snapshot env_ours XOF float", "snapshot env_ours XOF suspense",
		}},
		"a posting changed its currency": {`UPDATE ledger_posting SET currency = 'RWF' WHERE ` + float + first, []string{
			"posting env_ours RWF float led_", "tail env_ours XOF float led_", "snapshot env_ours RWF float", "total env_ours RWF: all postings add up to 10", "total env_ours RWF: all balances add up to 0",
			"snapshot env_ours XOF float", "total env_ours XOF: all postings add up to -10", "total env_ours XOF: all balances add up to 0",
		}},
		"an entry was deleted": {`DELETE FROM ledger_entry WHERE resource_id = 'TX_000001'`, []string{
			"posting env_ours XOF commission led_", "posting env_ours XOF float led_", "posting env_ours XOF sim:+2250707000001 led_",
		}},
		"an entry has another kind than there is": {`UPDATE ledger_entry SET kind = 'No kind' WHERE resource_id = 'TX_000001'`, []string{"entry env_ours XOF led_"}},
		"an entry without postings": {`INSERT INTO ledger_entry (id, environment_id, resource_id, kind, currency, at) VALUES ('led_01J00000000000000000000000', 'env_ours', 'TX_9', 'refund', 'XOF', 1)`, []string{
			"entry env_ours XOF led_01J00000000000000000000000: Postings: move nothing",
		}},
		"a row of the tail was lost":    {`DELETE FROM ledger_tail WHERE ` + float + first, []string{"snapshot env_ours XOF float", "all balances add up to -10"}},
		"a row of the tail was changed": {`UPDATE ledger_tail SET amount = 11 WHERE ` + float + first, []string{"tail env_ours XOF float led_", "snapshot env_ours XOF float", "all balances add up to 1"}},
		"a row of the tail was invented": {`INSERT INTO ledger_tail (environment_id, account, currency, entry_id, amount) VALUES ('env_ours', 'float', 'XOF', 'led_x', 5)`, []string{
			"tail env_ours XOF float led_x", "snapshot env_ours XOF float", "all balances add up to 5",
		}},
		"a snapshot was changed": {`UPDATE ledger_account SET snapshot_balance = snapshot_balance - 1 WHERE ` + float, []string{"snapshot env_ours XOF float: the snapshot says 6, what it covers adds up to 7", "all balances add up to -1"}},
		"a snapshot was lost":    {`DELETE FROM ledger_account WHERE ` + float, []string{"snapshot env_ours XOF float", "all balances add up to -7"}},
		"an account was invented": {`INSERT INTO ledger_account (environment_id, account, currency, snapshot_balance, snapshot_at, checked_balance, proved_at) VALUES ('env_x', 'float', 'XOF', 5, 0, 0, 0)`, []string{
			"snapshot env_x XOF float", "total env_x XOF: all balances add up to 5",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				w.must(w.post(w.collection(tx(0), 10, 1)))
				stop := w.folding("node_a")
				w.folded(0)
				stop()
				w.must(w.post(w.collection(tx(1), 10, 1))) // which is in the tail
				w.must(w.post(w.payout(tx(2), 3)))
				w.must(w.post(changed(w.collection(tx(3), 10, 1), func(e *domain.LedgerEntry) { e.Environment = theirs })))
				w.sound()
				w.plant(c.sql)
				faults := w.verified()
				for i, f := range faults {
					if i >= len(c.want) || !strings.Contains(f.String(), c.want[i]) {
						w.Errorf("fault %d is %s", i, f)
					}
				}
				if len(faults) != len(c.want) {
					w.Errorf("%d faults, want %d", len(faults), len(c.want))
				}
			})
		})
	}
}
