package simnet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/afara-dev/afara/schemas"
)

// Answers to a prompt.
const (
	Approve  = "approve"
	Refuse   = "refuse"
	WrongPIN = "wrong_pin"
)

// ErrNoPrompt is said of a prompt that is not there, or not any more.
var ErrNoPrompt = errors.New("no prompt waits under this reference; it may be answered or expired")

// Prompts lists the open prompts, the oldest first.
func (n *Network) Prompts(f Filter) []Transaction {
	n.mu.Lock()
	n.settleDue()
	list := []Transaction{}
	for _, d := range n.due { // every open order has a date
		t := d.order
		if t.Prompts && f.chooses(t.Operator, t.Number) {
			list = append(list, t.Transaction)
		}
	}
	jobs := n.announcements()
	n.mu.Unlock()
	n.courier.take(jobs)
	slices.SortFunc(list, func(a, b Transaction) int {
		return cmp.Or(a.BeganAt.Compare(b.BeganAt), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), f.limit())]
}

// Answer is what the owner of a SIM does with a prompt. A PIN may go with an
// approval; a wrong one is a wrong PIN. A prompt is answered once.
func (n *Network) Answer(operator, reference, answer, pin string) (Transaction, error) {
	if answer != Approve && answer != Refuse && answer != WrongPIN {
		return Transaction{}, fmt.Errorf("answer: %q is none; use %s, %s or %s", answer, Approve, Refuse, WrongPIN)
	}
	n.mu.Lock()
	n.settleDue()
	t, found := n.orders[orderKey{operator, reference}]
	var out Transaction
	err := ErrNoPrompt
	if found && t.Prompts {
		n.settle(t, n.answered(t, answer, pin), n.now())
		out, err = t.Transaction, nil
	}
	jobs := n.announcements()
	n.mu.Unlock()
	n.courier.take(jobs)
	return out, err
}

func (n *Network) answered(t *order, answer, pin string) schemas.PaymentStatus {
	sim := n.sims[keyOf(t.Operator, t.Number)]
	switch {
	case answer == Refuse:
		return schemas.PaymentUserCancelled
	case answer == WrongPIN, sim != nil && pin != "" && pin != sim.PIN:
		return schemas.PaymentPINInvalid
	case sim != nil && sim.Blocked:
		return schemas.PaymentAccountBlocked // since the prompt came
	}
	return schemas.PaymentSuccess
}
