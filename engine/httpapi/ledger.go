package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

// entryView is an entry of the ledger.
type entryView struct {
	ID       domain.EntryID `json:"id"`
	At       string         `json:"at"`
	Kind     string         `json:"kind"`
	Resource string         `json:"resource"`
	Currency string         `json:"currency"`
	Postings []postingView  `json:"postings"`
}

type postingView struct {
	Account domain.Account `json:"account"`
	Amount  int64          `json:"amount"`
}

func viewEntry(e domain.LedgerEntry) entryView {
	v := entryView{ID: e.ID, At: wire(e.At), Kind: e.Kind, Resource: e.Resource, Currency: e.Currency, Postings: make([]postingView, len(e.Postings))}
	for i, p := range e.Postings {
		v.Postings[i] = postingView{p.Account, p.Amount}
	}
	return v
}

// ledgerFilters are the parameters of GET /v1/ledger.
func ledgerFilters() []string {
	return []string{"account", "kind", "resource", "currency", "from", "to", "format", "cursor", "limit"}
}

// account is the name of an account; a number's plus sign comes as a blank where
// the caller did not escape it.
func (q *query) account(name string) domain.Account {
	v := domain.Account(strings.Replace(q.text(name), " ", "+", 1))
	if v != "" && !v.Valid() {
		q.fault(name, "account", "No account has such a name.", "Use float, commission, suspense, settlement:OPERATOR or sim:%2BNUMBER.")
		return ""
	}
	return v
}

// listLedger answers a page of entries, or all of them as CSV.
func (a *api) listLedger(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	csv := q.oneOf("format", "json", "csv") == "csv" || !q.values.Has("format") && prefersCSV(r)
	limit := q.count("limit", 50, maxList)
	f := ledger.Filter{
		Account: q.account("account"), Kind: q.text("kind"), Resource: q.text("resource"), Currency: q.text("currency"),
		From: q.moment("from"), To: q.moment("to"), Before: domain.EntryID(q.id("cursor", domain.PrefixEntry)), Limit: limit + 1,
	}
	if csv {
		for _, name := range []string{"cursor", "limit"} {
			if q.values.Has(name) {
				q.fault(name, "whole", "The CSV holds all entries and has no pages.", "Leave it out; from and to bound the export.")
			}
		}
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	if csv {
		return a.exportLedger(w, r, f)
	}
	list, err := a.cfg.Ledger.Entries(r.Context(), principal(r).Environment.ID, f)
	if errors.Is(err, ledger.ErrNoEntry) {
		q.fault("cursor", "unknown", "The ledger has no such entry.", "Copy it from nextCursor of the page before.")
		return queryError(q.faults)
	}
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewEntry, func(e domain.LedgerEntry) domain.EntryID { return e.ID })
	return answerPage(w, views, next)
}

// balanceView is what an account has in a currency.
type balanceView struct {
	Account  domain.Account `json:"account"`
	Currency string         `json:"currency"`
	Balance  int64          `json:"balance"`
}

func viewBalance(b ledger.Balance) balanceView {
	return balanceView{Account: b.Account, Currency: b.Currency, Balance: b.Amount}
}

// balanceCursor is where a page of balances ends: float/XOF.
type balanceCursor string

func endsAt(b ledger.Balance) balanceCursor {
	return balanceCursor(string(b.Account) + "/" + b.Currency)
}

// listAccounts answers the balances of the environment's accounts.
func (a *api) listAccounts(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := ledger.BalanceFilter{Account: q.account("account"), Currency: q.text("currency"), Limit: limit + 1}
	account, currency, ok := strings.Cut(strings.Replace(q.text("cursor"), " ", "+", 1), "/")
	if f.After = (ledger.Balance{Account: domain.Account(account), Currency: currency}); account != "" && (!ok || !f.After.Account.Valid()) {
		q.fault("cursor", "unknown", "The value is no cursor.", "Copy it from nextCursor of the page before.")
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Ledger.Balances(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewBalance, endsAt)
	return answerPage(w, views, next)
}
