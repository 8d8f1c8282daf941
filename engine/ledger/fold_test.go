package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestTheTailIsFoldedAndBalancesStay(t *testing.T) {
	onBoth(t, func(w *world) {
		for i := range 50 {
			w.must(w.post(w.collection(tx(i), 10, 1)))
		}
		seen := make(chan ledger.Observation, 1000)
		w.folding("node_b", func(c *ledger.Config) {
			c.Batch, c.Observe = 7, func(o ledger.Observation) { seen <- o }
		})
		w.folded(0)
		for account, want := range map[domain.Account]int64{domain.AccountFloat: 500, domain.AccountCommission: 50, sim: -550} {
			if got := w.balance(account); got != want {
				w.Errorf("%s has %d, want %d", account, got, want)
			}
			if got := w.count(`SELECT snapshot_balance FROM ledger_account WHERE account = $1`, account); got != want {
				w.Errorf("the snapshot of %s is %d, want %d", account, got, want)
			}
		}
		folded := 0
		for folded < 150 {
			o := <-seen
			folded += o.Folded
			if len(o.Faults) > 0 {
				w.Errorf("%v", o.Faults)
			}
		}
		if folded != 150 {
			w.Errorf("%d postings were folded", folded)
		}
		w.sound()
	})
}

// Posters, readers and several folders at once, on what a model does too. The
// folders' leases end at once, so that they are in each other's way.
func TestFoldingWhilePostingKeepsBalancesExact(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, node := range []domain.NodeID{"node_a", "node_b", "node_c"} {
			w.folding(node, func(c *ledger.Config) { c.Lease, c.Batch, c.Prove = time.Microsecond, 16, time.Nanosecond })
		}
		model := &model{balances: map[domain.Account]int64{}}
		ctx, cancel := context.WithCancel(t.Context())
		var posters, readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for ctx.Err() == nil {
					w.cancelsOut()
				}
			})
		}
		const posts = 60
		for p := range 8 {
			posters.Go(func() {
				random := rand.New(rand.NewPCG(uint64(p), 7))
				for i := range posts {
					model.post(w, random, tx(p*posts+i))
				}
			})
		}
		posters.Wait()
		cancel()
		readers.Wait()
		model.compare(w)
		w.folded(0)
		model.compare(w)
		w.sound()
		if log := w.logs.String(); strings.Contains(log, "add up") {
			w.Error(log)
		}
		if model.refused == 0 || model.refused > 6*posts {
			w.Errorf("%d of %d debits were refused: nothing is tried", model.refused, 8*posts)
		}
	})
}

// cancelsOut fails unless one reading of all balances adds up to nothing, and no
// float is below zero.
func (w *world) cancelsOut() {
	list, err := w.ledger.Balances(w.Context(), ours, ledger.BalanceFilter{Limit: 100})
	if err != nil {
		w.Error(err)
		return
	}
	sum := int64(0)
	for _, b := range list {
		sum += b.Amount
		if b.Account == domain.AccountFloat && b.Amount < 0 {
			w.Errorf("the float has %d", b.Amount)
		}
	}
	if sum != 0 {
		w.Errorf("all accounts have %d: %+v", sum, list)
	}
}

// model does in memory what was posted.
type model struct {
	mu       sync.Mutex
	balances map[domain.Account]int64
	refused  int
}

// post posts a random collection or payout of one of a few SIMs.
func (m *model) post(w *world, random *rand.Rand, resource string) {
	who := domain.SIMAccount("+225070700000" + string(rune('1'+random.IntN(3))))
	amount := random.Int64N(1000) + 1
	e := w.collection(resource, amount, random.Int64N(10))
	if random.IntN(2) == 0 {
		e = w.payout(resource, 3*amount) // so that many are refused
	}
	e.Postings[0].Account = who
	err := w.post(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		for _, p := range e.Postings {
			m.balances[p.Account] += p.Amount
		}
	case errors.Is(err, errFunds):
		m.refused++
	default:
		w.Error(err)
	}
}

func (m *model) compare(w *world) {
	w.Helper()
	for account, want := range m.balances {
		if got := w.balance(account); got != want {
			w.Errorf("%s has %d, the model %d", account, got, want)
		}
	}
}

func TestAnotherNodeFoldsWhenOneStops(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 10, 0)))
		stop := w.folding("node_a", func(c *ledger.Config) { c.Lease = time.Hour })
		w.folded(0)
		free, err := w.store.Lease(w.Context(), "ledger.fold", "node_b", time.Hour)
		if err != nil || free {
			w.Fatalf("the lease of a node that folds is free: %v", err)
		}
		stop()
		w.must(w.post(w.collection(tx(2), 10, 0)))
		w.folding("node_b", func(c *ledger.Config) { c.Lease = time.Hour })
		w.folded(0)
		w.sound()
	})
}

// What contradicts its posting stays for a person, is told once, and keeps nothing
// else from being folded.
func TestARowThatContradictsItsPostingIsNotFolded(t *testing.T) {
	onBoth(t, func(w *world) {
		bad := w.collection(tx(1), 10, 1)
		w.must(w.post(bad))
		w.must(w.post(w.collection(tx(2), 10, 1)))
		w.plant(`UPDATE ledger_tail SET amount = 11 WHERE entry_id = $1 AND account = 'float'`, bad.ID)
		seen := make(chan ledger.Observation, 10000)
		stop := w.folding("node_b", func(c *ledger.Config) { c.Observe = func(o ledger.Observation) { seen <- o } })
		w.folded(1)
		for range 3 { // round after round
			if o := <-seen; len(o.Faults) == 0 || o.Faults[0].Kind != ledger.FaultTail || o.Faults[0].Entry != bad.ID {
				w.Fatalf("%+v", o)
			}
		}
		stop()
		if log := w.logs.String(); strings.Count(log, string(bad.ID)) != 1 {
			w.Errorf("%s", log)
		}
		w.plant(`UPDATE ledger_tail SET amount = 10 WHERE entry_id = $1 AND account = 'float'`, bad.ID)
		w.sound()
		w.folding("node_a")
		w.folded(0)
		w.sound()
	})
}

func TestASnapshotThatSomebodyChangedRaisesAnAlarm(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 10, 1)))
		seen := make(chan ledger.Observation, 10000)
		w.folding("node_b", func(c *ledger.Config) {
			c.Prove, c.Observe = time.Nanosecond, func(o ledger.Observation) { seen <- o }
		})
		w.folded(0)
		w.plant(`UPDATE ledger_account SET snapshot_balance = 9 WHERE account = 'float'`)
		w.must(w.post(w.collection(tx(2), 10, 1)))
		storetest.Await(w, "the alarm", func() bool {
			for {
				select {
				case o := <-seen:
					if len(o.Faults) > 0 && o.Faults[0].Kind == ledger.FaultSnapshot && o.Faults[0].Account == domain.AccountFloat {
						return true
					}
				default:
					return false
				}
			}
		})
		storetest.Await(w, "the log", func() bool {
			return strings.Contains(w.logs.String(), "the snapshot says 19, what it covers adds up to 20")
		})
	})
}
