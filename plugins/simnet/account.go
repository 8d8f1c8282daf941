package simnet

import (
	"cmp"
	"fmt"
	"slices"
)

// Account is a merchant's account at an operator: collections fill it, payouts
// and refunds empty it.
type Account struct {
	Operator string `json:"operator"`
	// Name is what the operator knows the merchant by.
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Balance  int64  `json:"balance"`
}

type accountKey struct{ operator, name, currency string }

const maxAccountName = 100

// PutAccount sets a merchant's balance.
func (n *Network) PutAccount(a Account) error {
	switch {
	case !name.MatchString(a.Operator) || !currency.MatchString(a.Currency):
		return fmt.Errorf("operator, currency: %q and %q; give a name such as mtn and three capital letters", a.Operator, a.Currency)
	case a.Name == "" || len(a.Name) > maxAccountName:
		return fmt.Errorf("name: it has %d bytes; give 1 to %d", len(a.Name), maxAccountName)
	case a.Balance < 0 || a.Balance > maxBalance:
		return fmt.Errorf("balance: it is %d; give 0 to %d whole units", a.Balance, int64(maxBalance))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.account(a.Operator, a.Name, a.Currency)
	if old == nil {
		return fmt.Errorf("accounts: there are %d already; reset the network", maxAccounts)
	}
	n.outside[a.Currency] += old.Balance - a.Balance
	old.Balance = a.Balance
	return nil
}

// Float is the balance of a merchant's account, which is opened when new.
func (n *Network) Float(operator, name, currency string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := n.account(operator, name, currency); a != nil {
		return a.Balance
	}
	return 0
}

// account finds an account or opens it with the usual float; nil when there are
// too many. The caller holds the lock.
func (n *Network) account(operator, name, currency string) *Account {
	key := accountKey{operator, name, currency}
	if a, found := n.accounts[key]; found {
		return a
	}
	if len(n.accounts) >= maxAccounts {
		return nil
	}
	a := &Account{Operator: operator, Name: name, Currency: currency, Balance: max(n.settings.Float, 0)}
	n.outside[currency] -= a.Balance
	n.accounts[key] = a
	return a
}

// Accounts lists the merchants' accounts.
func (n *Network) Accounts() []Account {
	n.mu.Lock()
	list := []Account{}
	for _, a := range n.accounts {
		list = append(list, *a)
	}
	n.mu.Unlock()
	slices.SortFunc(list, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	})
	return list
}

// Books are the balances of one currency. Their sum is always zero: whatever is
// put into a SIM or an account stands against it outside.
type Books struct {
	SIMs     int64 `json:"sims"`
	Accounts int64 `json:"accounts"`
	Outside  int64 `json:"outside"`
}

// Books adds up all balances, by currency.
func (n *Network) Books() map[string]Books {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[string]Books{}
	for c, amount := range n.outside {
		all[c] = Books{Outside: amount}
	}
	for _, s := range n.sims {
		b := all[s.Currency]
		b.SIMs += s.Balance
		all[s.Currency] = b
	}
	for _, a := range n.accounts {
		b := all[a.Currency]
		b.Accounts += a.Balance
		all[a.Currency] = b
	}
	return all
}
