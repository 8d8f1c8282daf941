package main

import (
	"fmt"
	"sync"
	"time"
)

// The states of an order.
const (
	draft   = "draft"   // written before the service is called
	pending = "pending" // the service has it, the customer is asked
	paid    = "paid"
	failed  = "failed" // the customer may try again, with a new order
)

// outcome is what a status means for an order.
type outcome struct{ state, text string }

// outcomes has all eleven. PENDING is the only one that is not the end.
var outcomes = map[string]outcome{
	"PENDING":             {pending, "Confirm the payment on your telephone."},
	"SUCCESS":             {paid, "Thank you, the payment has arrived."},
	"PIN_INVALID":         {failed, "The PIN was wrong."},
	"INSUFFICIENT_FUNDS":  {failed, "The balance is too low."},
	"TIMEOUT":             {failed, "The payment was not confirmed in time."},
	"ACCOUNT_BLOCKED":     {failed, "The mobile-money account is blocked."},
	"USER_CANCELLED":      {failed, "You have cancelled the payment."},
	"UNKNOWN_MSISDN":      {failed, "The number has no mobile-money account."},
	"LIMIT_EXCEEDED":      {failed, "The payment is over a limit of your operator."},
	"SERVICE_UNAVAILABLE": {failed, "Your operator cannot take payments now."},
	"DUPLICATE_REFERENCE": {failed, "The payment could not be made."},
}

type order struct {
	ID          string `json:"id"`
	State       string `json:"state"`
	Text        string `json:"text"` // for the customer
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	MSISDN      string `json:"-"`
	Reference   string `json:"reference"`   // the idempotency key, the same on every attempt
	Transaction string `json:"transaction"` // the service's id: webhooks match on it
	Status      string `json:"status"`

	unsure bool      // the call came to nothing that can be told
	wait   time.Time // not to be asked about before
}

func (o *order) final() bool { return o.State == paid || o.State == failed }

// entry is a line of the books.
type entry struct {
	Order       string `json:"order"`
	Transaction string `json:"transaction"`
	Net         int64  `json:"net"`
}

// shop keeps orders and books in memory. In a database each method is one
// transaction.
type shop struct {
	service service
	secret  string // of webhooks

	mu     sync.Mutex
	orders map[string]*order
	books  []entry
}

func (s *shop) put(o order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[o.ID] = &o
}

func (s *shop) get(id string) (order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil {
		return order{}, false
	}
	return *o, true
}

// rollBack removes a draft that the service refused.
func (s *shop) rollBack(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[id]; o != nil && o.State == draft {
		delete(s.orders, id)
	}
}

// doubt leaves an order to the net.
func (s *shop) doubt(id string, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[id]; o != nil {
		o.unsure, o.wait = true, time.Now().Add(wait)
	}
}

// open lists what the net has to ask about.
func (s *shop) open(now time.Time) (all []order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if !o.final() && (o.unsure || o.State == pending) && !now.Before(o.wait) {
			all = append(all, *o)
		}
	}
	return all
}

// settle gives an order what the service says of its transaction. The first end
// is the only one: webhook and polling may both bring it, and more than once.
func (s *shop) settle(id, transaction, status string, net int64) error {
	to, known := outcomes[status]
	if !known {
		return fmt.Errorf("status %q is none of the eleven", status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil || o.final() || o.Transaction != "" && o.Transaction != transaction {
		return nil
	}
	o.Transaction, o.Status, o.State, o.Text = transaction, status, to.state, to.text
	if to.state == paid {
		// What the merchant is credited, after commission: never the amount.
		s.books = append(s.books, entry{Order: id, Transaction: transaction, Net: net})
	}
	return nil
}

// find is the order of a transaction. One whose call was not answered yet does
// not know its transaction: its order_ref tells it.
func (s *shop) find(transaction, orderRef string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, o := range s.orders {
		if o.Transaction == transaction {
			return id, true
		}
	}
	o := s.orders[orderRef]
	return orderRef, o != nil && o.Transaction == ""
}
