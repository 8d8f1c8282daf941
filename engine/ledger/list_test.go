package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

// resources of a list, in its order.
func resources(list []domain.LedgerEntry) (out []string) {
	for _, e := range list {
		out = append(out, e.Kind+" "+e.Resource)
	}
	return out
}

func TestEntriesAreListedNewestFirst(t *testing.T) {
	onBoth(t, func(w *world) {
		begin := w.store.Now().Truncate(time.Second)
		at := func(e domain.LedgerEntry, minutes int) domain.LedgerEntry {
			return changed(e, func(e *domain.LedgerEntry) { e.At = begin.Add(time.Duration(minutes) * time.Minute) })
		}
		other := domain.SIMAccount("+2250707000002")
		last := at(w.collection(tx(5), 9, 0), 4)
		last.Postings[0].Account = other
		for _, e := range []domain.LedgerEntry{ // not in the order of their times
			at(w.collection(tx(3), 7, 1), 3), last, at(w.collection(tx(1), 5, 0), 1), at(w.collection(tx(2), 6, 0), 2),
			at(w.payout(tx(1), 5), 3), changed(at(w.collection(tx(9), 5, 0), 2), func(e *domain.LedgerEntry) { e.Currency = "RWF" }),
			changed(at(w.collection(tx(1), 5, 0), 1), func(e *domain.LedgerEntry) { e.Environment = theirs }),
		} {
			w.must(w.post(e))
		}
		newest := []string{"collection TX_000005", "disbursement TX_000001", "collection TX_000003", "collection TX_000009", "collection TX_000002", "collection TX_000001"}
		for _, c := range []struct {
			filter ledger.Filter
			want   []string
		}{
			{ledger.Filter{}, newest},
			{ledger.Filter{Account: domain.AccountFloat}, newest},
			{ledger.Filter{Account: other}, newest[:1]},
			{ledger.Filter{Account: domain.AccountCommission, Currency: "XOF"}, newest[2:3]},
			{ledger.Filter{Currency: "RWF"}, newest[3:4]},
			{ledger.Filter{Kind: "disbursement"}, newest[1:2]},
			{ledger.Filter{Resource: tx(1)}, []string{newest[1], newest[5]}},
			{ledger.Filter{From: begin.Add(2 * time.Minute), To: begin.Add(3 * time.Minute)}, newest[3:5]},
			{ledger.Filter{Account: sim, Kind: "collection", From: begin.Add(2 * time.Minute), To: begin.Add(4 * time.Minute)}, newest[2:5]},
			{ledger.Filter{Account: domain.AccountSuspense}, nil},
		} {
			c.filter.Limit = 100
			list, err := w.ledger.Entries(w.Context(), ours, c.filter)
			w.must(err)
			if got := resources(list); !slices.Equal(got, c.want) {
				w.Errorf("%+v: %v", c.filter, got)
			}
			for _, e := range list {
				if e.Check() != nil || !order(e.Postings) {
					w.Errorf("%+v", e)
				}
			}
			var walked []domain.LedgerEntry
			for c.filter.Limit = 2; ; c.filter.Before = walked[len(walked)-1].ID {
				page, err := w.ledger.Entries(w.Context(), ours, c.filter)
				w.must(err)
				if walked = append(walked, page...); len(page) < 2 {
					break
				}
			}
			if got := resources(walked); !slices.Equal(got, c.want) {
				w.Errorf("%+v in pages: %v", c.filter, got)
			}
		}
		foreign, err := w.ledger.Entries(w.Context(), theirs, ledger.Filter{Limit: 1})
		w.must(err)
		if _, err := w.ledger.Entries(w.Context(), ours, ledger.Filter{Before: foreign[0].ID, Limit: 1}); !errors.Is(err, ledger.ErrNoEntry) {
			w.Errorf("a page begins behind another's entry: %v", err)
		}
	})
}

func TestBalancesAreListedInPages(t *testing.T) {
	onBoth(t, func(w *world) {
		if list, err := w.ledger.Balances(w.Context(), ours, ledger.BalanceFilter{Limit: 10}); err != nil || len(list) != 0 {
			w.Fatal(list, err)
		}
		post := func(i int) {
			for _, currency := range []string{"XOF", "RWF"} {
				e := w.collection(tx(i), int64(i+1), 0)
				e.Postings[0].Account, e.Currency, e.Resource = domain.SIMAccount("+22507070000"+tx(i)[7:]), currency, tx(i)+currency
				w.must(w.post(e))
			}
		}
		for i := range 6 { // these are folded
			post(i)
		}
		stop := w.folding("node_a")
		w.folded(0)
		stop()
		for i := 3; i < 9; i++ { // these are not, and some of their SIMs are in both
			post(i + 10)
		}
		want := map[ledger.Balance]bool{}
		for _, currency := range []string{"XOF", "RWF"} {
			total := int64(0)
			for _, i := range []int{0, 1, 2, 3, 4, 5, 13, 14, 15, 16, 17, 18} {
				want[ledger.Balance{Account: domain.SIMAccount("+22507070000" + tx(i)[7:]), Currency: currency, Amount: int64(-i - 1)}] = true
				total += int64(i + 1)
			}
			want[ledger.Balance{Account: domain.AccountFloat, Currency: currency, Amount: total}] = true
		}
		for _, limit := range []int{1, 2, 3, 5, 100} {
			got, after := map[ledger.Balance]bool{}, ledger.Balance{}
			for {
				page, err := w.ledger.Balances(w.Context(), ours, ledger.BalanceFilter{After: after, Limit: limit})
				w.must(err)
				for _, b := range page {
					if got[b] || !want[b] {
						w.Errorf("limit %d: %+v", limit, b)
					}
					got[b] = true
				}
				if len(page) < limit {
					break
				}
				after = page[limit-1]
			}
			if len(got) != len(want) {
				w.Errorf("limit %d: %d balances, want %d", limit, len(got), len(want))
			}
		}
		list, err := w.ledger.Balances(w.Context(), ours, ledger.BalanceFilter{Account: domain.AccountFloat, Currency: "RWF", Limit: 10})
		if err != nil || len(list) != 1 || list[0].Currency != "RWF" {
			w.Error(list, err)
		}
	})
}
