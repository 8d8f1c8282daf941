package simnet

import (
	"time"

	"github.com/afara-dev/afara/schemas"
)

// plan is how an order will end.
type plan struct {
	outcome schemas.PaymentStatus // PENDING: open until somebody answers or it expires
	code    string
	latency time.Duration
	prompts bool
	// forced ends well although a SIM is missing or short of money.
	forced bool
}

// planFor decides by scenario, force or the SIM's state, in this order.
func (n *Network) planFor(o Order) (plan, error) {
	if o.Scenario != "" {
		s, err := scenarioNamed(o.Scenario)
		return plan{outcome: s.Outcome, latency: n.draw(s), forced: true}, err
	}
	if f := o.Force; f != nil {
		return plan{outcome: f.Outcome, code: f.Code, latency: f.After, forced: true}, nil
	}
	return n.planByState(o), nil
}

func (n *Network) planByState(o Order) plan {
	ends := func(outcome schemas.PaymentStatus) plan {
		return plan{outcome: outcome, latency: n.draw(scenarioOf(outcome))}
	}
	sim, found := n.sims[keyOf(o.Operator, o.Number)]
	known := found && sim.Currency == o.Currency // a SIM of another country is not this operator's
	through := !known && n.passes(o.Operator, o.Country)
	account := n.account(o.Operator, o.Account, o.Currency)
	switch {
	case account == nil:
		return ends(schemas.PaymentServiceUnavailable)
	case !known && !through:
		return ends(schemas.PaymentUnknownMSISDN)
	case known && sim.Blocked:
		return ends(schemas.PaymentAccountBlocked)
	case o.Kind == Collect && known && sim.Balance < o.Amount, o.Kind != Collect && account.Balance < o.Amount:
		return ends(schemas.PaymentInsufficientFunds)
	case o.Kind == Collect:
		return plan{outcome: schemas.PaymentPending, prompts: true, forced: through}
	}
	p := ends(schemas.PaymentSuccess)
	p.forced = through
	return p
}

// refundable holds a refund against its collection.
func (n *Network) refundable(o Order) error {
	if o.Kind != Refund || o.Force != nil {
		return nil
	}
	original, found := n.orders[orderKey{o.Operator, o.Original}]
	switch {
	case !found || original.Kind != Collect || original.Outcome != schemas.PaymentSuccess || original.Currency != o.Currency:
		return ErrOriginal
	case o.Amount > original.Amount-original.refunded:
		return ErrRefundable
	}
	return nil
}

// reserve takes a refund off what is left of its collection.
func (n *Network) reserve(t *order) {
	if original, found := n.orders[orderKey{t.Operator, t.Original}]; t.Kind == Refund && found {
		original.refunded += t.Amount
	}
}

// release gives it back when the refund fails.
func (n *Network) release(t *order) {
	if original, found := n.orders[orderKey{t.Operator, t.Original}]; t.Kind == Refund && found {
		original.refunded -= t.Amount
	}
}
