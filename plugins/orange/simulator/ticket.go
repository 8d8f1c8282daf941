package simulator

import (
	"crypto/rand"
	"time"
)

// ticket is a payment from its pay token on. It is replaced, never changed.
type ticket struct {
	client, payToken, notifyToken string
	byCore                        bool
	until                         time.Time // when it expires without an order

	// What the payment is about; empty until the core API's pay.
	reference, text      string
	amount               int64
	notifyURL            string
	returnURL, cancelURL string      // of a web payment
	payment              corePayment // of the core API

	// began says that the network has the order, cancelled that the payer left
	// before it had.
	began, cancelled bool
}

type orderKey struct{ client, reference string }

// maxTickets is how many payments are remembered; the oldest go first.
const maxTickets = 100_000

func newToken() string { return "ORANGE_SIM_" + rand.Text() }

// put keeps a ticket.
func (s *Simulator) put(t ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.tickets[t.payToken]; !known {
		s.oldest = append(s.oldest, t.payToken)
	}
	s.tickets[t.payToken] = t
	for len(s.oldest) > maxTickets {
		if old, there := s.tickets[s.oldest[0]]; there {
			delete(s.tickets, old.payToken)
			delete(s.orders, orderKey{old.client, old.reference})
		}
		s.oldest = s.oldest[1:]
	}
}

// drop forgets a payment that was not taken: its order id may come again.
func (s *Simulator) drop(t ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tickets, t.payToken)
	delete(s.orders, orderKey{t.client, t.reference})
}

func (s *Simulator) ticket(payToken string) (ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.tickets[payToken]
	return t, found
}

// begin marks a ticket as one whose order goes to the network; false when it has
// gone, was cancelled or has expired.
func (s *Simulator) begin(payToken string, fill func(*ticket)) (ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.tickets[payToken]
	if !found || t.began || t.cancelled || !s.now().Before(t.until) {
		return t, false
	}
	fill(&t)
	t.began = true
	s.tickets[payToken] = t
	return t, true
}

// unbegin takes that back when the network refused the order.
func (s *Simulator) unbegin(payToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tickets[payToken]
	t.began = false
	s.tickets[payToken] = t
}

// cancel ends a ticket that the network does not have.
func (s *Simulator) cancel(payToken string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.tickets[payToken]
	if !found || t.began || t.cancelled {
		return false
	}
	t.cancelled = true
	s.tickets[payToken] = t
	return true
}

// referenceOf is the order id behind a pay token, for faults that are bound to
// one.
func (s *Simulator) referenceOf(payToken string) string {
	t, _ := s.ticket(payToken)
	return t.reference
}

// patience is how long a payer may take.
func (s *Simulator) patience() time.Duration {
	return time.Duration(s.net.Settings().PromptSeconds) * time.Second
}
