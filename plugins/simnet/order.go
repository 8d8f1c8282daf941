package simnet

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Kind is which way money goes.
type Kind string

// The kinds. A refund is a payout that a collection bounds.
const (
	Collect Kind = "collect"
	Payout  Kind = "payout"
	Refund  Kind = "refund"
)

// Why an order is not taken. None of them leaves a trace but in the counters.
var (
	ErrReused     = errors.New("the reference is used already")
	ErrOverloaded = errors.New("too many transactions are open")
	ErrOriginal   = errors.New("there is no successful collection to refund under this reference")
	ErrRefundable = errors.New("the refund is above what is left of the collection")
)

// Order is money to move, as an operator's simulator understood it.
type Order struct {
	Operator  string `json:"operator"`
	Reference string `json:"reference"` // the client's, unique at the operator
	Kind      Kind   `json:"kind"`
	// Account is the merchant's.
	Account string `json:"account"`
	// Number is the payer's or payee's, E.164.
	Number   string `json:"number"`
	Country  string `json:"country,omitempty"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"` // whole units
	// Original is the reference of the collection that a Refund is of.
	Original string `json:"original,omitempty"`
	// Text is shown on the payer's phone.
	Text string `json:"text,omitempty"`
	// Scenario forces the end, whatever the SIM's state.
	Scenario string `json:"scenario,omitempty"`
	// Force is an operator's own way to force the end, e.g. a test number of
	// its sandbox. A Scenario wins over it.
	Force *Force `json:"-"`
	// AtOnce settles what takes a scenario's latency as soon as it begins, for an
	// operator that answers with the end. The latency is reported all the same.
	AtOnce bool `json:"-"`
	// Native is the simulator's own, given back with the Transaction.
	Native any `json:"-"`
}

// Force is the end of an order, decided beforehand.
type Force struct {
	// Outcome; PENDING leaves the order open until it expires.
	Outcome schemas.PaymentStatus
	// Code is the operator's own word for it.
	Code  string
	After time.Duration
}

// Transaction is an order and what became of it.
type Transaction struct {
	Order
	// ID is the operator's own.
	ID      string                `json:"id"`
	Outcome schemas.PaymentStatus `json:"outcome"` // PENDING until it is settled
	// Code is the operator's own word for the outcome, where one was forced.
	Code string `json:"code,omitempty"`
	// Prompts says that it waits for the owner of the SIM.
	Prompts bool `json:"prompts"`
	// LatencyMillis is how long it took, or would have taken with NoWait.
	LatencyMillis int64     `json:"latencyMillis"`
	BeganAt       time.Time `json:"beganAt"`
	SettledAt     time.Time `json:"settledAt,omitzero"`
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`
}

type orderKey struct{ operator, reference string }

func (o Order) key() orderKey { return orderKey{o.Operator, o.Reference} }

// order is a transaction with what only the network knows of it.
type order struct {
	Transaction
	plan     plan
	refunded int64 // refunds of this collection, open ones included
	seen     seen
	ended    chan struct{} // for who awaits the end; nil when nobody does
}

const (
	maxReference = 200
	maxAmount    = 900_000_000_000_000
)

func (o Order) check() error {
	switch {
	case !name.MatchString(o.Operator) || o.Reference == "" || len(o.Reference) > maxReference:
		return fmt.Errorf("reference: %q at operator %q; give an operator and 1 to %d characters", o.Reference, o.Operator, maxReference)
	case o.Kind != Collect && o.Kind != Payout && o.Kind != Refund:
		return fmt.Errorf("kind: %q is none; use %s, %s or %s", o.Kind, Collect, Payout, Refund)
	case o.Amount < 1 || o.Amount > maxAmount:
		return fmt.Errorf("amount: it is %d; give 1 to %d whole units", o.Amount, int64(maxAmount))
	case !currency.MatchString(o.Currency):
		return fmt.Errorf("currency: %q is none; give three capital letters", o.Currency)
	case !e164.MatchString(o.Number):
		return fmt.Errorf("number: %q is not in international form", o.Number)
	case o.Account == "" || len(o.Account) > maxAccountName:
		return fmt.Errorf("account: it has %d bytes; give 1 to %d", len(o.Account), maxAccountName)
	}
	return nil
}

// Begin takes an order. It settles later, by itself or by the owner of the SIM,
// or at once with Settings.NoWait.
func (n *Network) Begin(o Order) (Transaction, error) {
	if err := o.check(); err != nil {
		return Transaction{}, err
	}
	n.mu.Lock()
	n.settleDue()
	t, err := n.begin(o)
	jobs := n.announcements()
	n.mu.Unlock()
	n.courier.take(jobs)
	return t, err
}

func (n *Network) begin(o Order) (Transaction, error) {
	now := n.now()
	before := n.orders[o.key()]
	if before != nil {
		before.seen.Begins++
		n.tally.reused++
		if !n.settings.NoDuplicateGuard {
			return before.Transaction, ErrReused
		}
	}
	if n.open >= n.maxOpen {
		return Transaction{}, ErrOverloaded
	}
	if err := n.refundable(o); err != nil {
		return Transaction{}, err
	}
	p, err := n.planFor(o)
	if err != nil {
		return Transaction{}, err
	}
	n.serial++
	t := &order{Transaction: Transaction{
		Order: o, ID: n.run + strconv.FormatInt(n.serial, 10), Outcome: schemas.PaymentPending, BeganAt: now,
		Code: p.code, Prompts: p.prompts, LatencyMillis: p.latency.Milliseconds(),
	}, plan: p}
	if before != nil { // only without the guard
		t.seen, t.refunded = before.seen, before.refunded
		n.forgetOpen(before)
	} else {
		t.seen.Begins = 1
	}
	n.orders[o.key()] = t
	n.open++
	n.reserve(t)
	n.tally.transactions[string(o.Kind)]++
	n.forge(t.Transaction)
	n.schedule(t, now)
	return t.Transaction, nil
}

// forgetOpen drops an open order whose reference is used again.
func (n *Network) forgetOpen(before *order) {
	if !before.Outcome.Final() {
		n.open--
		before.Outcome = schemas.PaymentDuplicateReference // what is due of it finds it ended
		before.tellEnd()
	}
}

// Find answers what is known under a reference.
func (n *Network) Find(operator, reference string) (Transaction, bool) {
	n.mu.Lock()
	n.settleDue()
	t, found := n.orders[orderKey{operator, reference}]
	var out Transaction
	if found {
		out = t.Transaction
	}
	jobs := n.announcements()
	n.mu.Unlock()
	n.courier.take(jobs)
	return out, found
}
