package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

// ledgerCmd looks into the ledger of payments, and books what comes from outside.
type ledgerCmd struct {
	Verify  ledgerVerifyCmd  `cmd:"" help:"Add the whole ledger up and name what contradicts itself."`
	Balance ledgerBalanceCmd `cmd:"" help:"List the balances of an environment's accounts."`
	Adjust  ledgerAdjustCmd  `cmd:"" help:"Book money onto the merchant's float, or off it."`
}

type ledgerVerifyCmd struct {
	installation
}

// Run names each fault on a line of its own, and fails when there is one. Nodes may
// run meanwhile.
func (c *ledgerVerifyCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		l, err := o.ledger()
		if err != nil {
			return err
		}
		got, err := l.Verify(ctx, func(f ledger.Fault) { fmt.Fprintln(p.out, f) })
		if err != nil {
			return err
		}
		if got.Faults > 0 {
			return fmt.Errorf("the ledger has %d faults: nobody changes entries but with the database's own tools, so look there, and compare with a backup", got.Faults)
		}
		_, err = fmt.Fprintf(p.out, "all adds up (entries: %d, postings: %d, accounts: %d)\n", got.Entries, got.Postings, got.Accounts)
		return err
	})
}

type ledgerBalanceCmd struct {
	installation
	Environment string `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
	Account     string `help:"Only this account, e.g. float." placeholder:"ACCOUNT"`
	Currency    string `help:"Only this currency." placeholder:"CODE"`
	Limit       int    `help:"So many, in the order of their names; up to 1000." default:"50" placeholder:"N"`
}

// maxBalanceList bounds what one command prints; the API has pages.
const maxBalanceList = 1000

// Run prints a table.
func (c *ledgerBalanceCmd) Run(ctx context.Context, p program) error {
	if c.Limit < 1 || c.Limit > maxBalanceList {
		return fmt.Errorf("limit: %d is not between 1 and %d; GET /v1/ledger/accounts has pages for more", c.Limit, maxBalanceList)
	}
	if c.Account != "" && !domain.Account(c.Account).Valid() {
		return fmt.Errorf("account: %q is none: give float, commission, suspense, settlement:OPERATOR or sim:+NUMBER", c.Account)
	}
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		l, err := o.ledger()
		if err != nil {
			return err
		}
		all, err := l.Balances(ctx, env.ID, ledger.BalanceFilter{Account: domain.Account(c.Account), Currency: c.Currency, Limit: c.Limit})
		return list(p.out, []string{"ACCOUNT", "CURRENCY", "BALANCE"}, all, err, func(b ledger.Balance) []string {
			return []string{string(b.Account), b.Currency, strconv.FormatInt(b.Amount, 10)}
		})
	})
}
