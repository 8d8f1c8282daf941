//go:build linux

package chaostest

import (
	"maps"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
)

// auditBooks: what payments moved is what is gone from each SIM and has come to
// the merchant, at the operator and in the ledger alike, to the unit. The ledger
// does not contradict itself.
func (w *paymentWorld) auditBooks(all map[string]payment) {
	w.t.Helper()
	want := moved(all)
	for number, start := range w.had {
		sim, err := w.net.SIM(mtn.Operator, number)
		must(w.t, err)
		if change := sim.Balance - start; change != want[domain.SIMAccount(number)] {
			w.t.Errorf("SIM %s has %d more than at the start, its payments give %d", number, change, want[domain.SIMAccount(number)])
		}
	}
	ours := want[domain.AccountFloat] + want[domain.AccountCommission]
	if came := w.net.Float(mtn.Operator, w.merchant, "XOF") - w.hadThere; came != ours {
		w.t.Errorf("the merchant has %d more at the operator, its payments give %d", came, ours)
	}
	if b := w.net.Books()["XOF"]; b.SIMs+b.Accounts+b.Outside != 0 {
		w.t.Errorf("the operator's books do not balance: %+v", b)
	}
	w.auditLedger(want)
}

// moved is what payments that succeeded moved, by the ledger's accounts.
func moved(all map[string]payment) map[domain.Account]int64 {
	out := map[domain.Account]int64{}
	for _, p := range all {
		switch sim := domain.SIMAccount(p.number); {
		case !p.done():
		case p.kind == "collection":
			out[sim] -= p.total
			out[domain.AccountFloat] += p.net
			out[domain.AccountCommission] += p.fee
		default:
			out[sim] += p.amount
			out[domain.AccountFloat] -= p.amount
		}
	}
	return out
}

func (w *paymentWorld) auditLedger(want map[domain.Account]int64) {
	w.t.Helper()
	w.offline(func(e *engine.Engine) {
		v, err := e.Ledger.Verify(w.t.Context(), func(f ledger.Fault) { w.t.Errorf("ledger: %s", f) })
		must(w.t, err)
		if v.Entries == 0 {
			w.t.Error("the ledger is empty: nothing is proved")
		}
		list, err := e.Ledger.Balances(w.t.Context(), w.env, ledger.BalanceFilter{Limit: 2 * people})
		must(w.t, err)
		has := map[domain.Account]int64{}
		for _, b := range list {
			if b.Amount != 0 {
				has[b.Account] = b.Amount
			}
		}
		maps.DeleteFunc(want, func(_ domain.Account, amount int64) bool { return amount == 0 })
		if !maps.Equal(has, want) {
			w.t.Errorf("the ledger has %v, payments give %v", has, want)
		}
	})
}
