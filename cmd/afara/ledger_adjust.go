package main

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

type ledgerAdjustCmd struct {
	installation
	Environment string `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
	Direction   string `help:"credit puts money on the float, debit takes it off." required:"" placeholder:"DIRECTION"`
	Operator    string `help:"Where the money has come to or left from: mtn, orange, moov or airtel." required:"" placeholder:"OPERATOR"`
	Currency    string `help:"Its code, e.g. XOF." required:"" placeholder:"CODE"`
	Amount      int64  `help:"In whole units of the currency." required:"" placeholder:"N"`
	Reason      string `help:"Why, for those who read the books later." required:"" placeholder:"TEXT"`
	Reference   string `help:"The bank's, of the transfer: it is booked once, however often this runs." placeholder:"REF"`
}

// Run books the adjustment. Nodes may run meanwhile.
func (c *ledgerAdjustCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		l, err := o.ledger()
		if err != nil {
			return err
		}
		booked, draft, err := l.Adjust(ctx, env.ID, ledger.AdjustmentRequest{
			Direction: ledger.Direction(c.Direction), Operator: c.Operator, Currency: c.Currency, Amount: c.Amount, Reason: c.Reason, Reference: c.Reference,
		}, operator)
		if err != nil {
			return err
		}
		if err := o.applier.Apply(ctx, domain.Change{Parts: draft.Parts}); err != nil {
			return draft.Explain(ctx, err)
		}
		left, err := l.Balance(ctx, env.ID, domain.AccountFloat, booked.Currency)
		if err != nil {
			return fmt.Errorf("booked %s, but then: %w", booked.ID, err)
		}
		_, err = fmt.Fprintf(p.out, "booked %s: %s of %d %s, the float has %d\n", booked.ID, booked.Direction, booked.Amount, booked.Currency, left)
		return err
	})
}

// ledger reads and books; the nodes fold.
func (o *office) ledger() (*ledger.Service, error) {
	corridors, err := corridor.New(corridor.Config{Store: o.store, Applier: o.applier, Connections: noCarriers{}})
	if err != nil {
		return nil, err
	}
	return ledger.New(ledger.Config{Store: o.store, Node: operator, Log: o.log, Corridors: corridors})
}

// noCarriers: nobody changes a corridor here.
type noCarriers struct{}

// Carriers implements corridor.Connections.
func (noCarriers) Carriers(context.Context, domain.EnvironmentID) ([]corridor.Carrier, error) {
	return nil, nil
}
