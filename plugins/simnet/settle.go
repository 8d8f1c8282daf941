package simnet

import (
	"container/heap"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// dueAt is an order's next date.
type dueAt struct {
	at    time.Time
	order *order
}

// dueHeap has the earliest first.
type dueHeap []dueAt

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueAt)) }

func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = dueAt{} // let go of the order
	*h = old[:len(old)-1]
	return last
}

// quiet is how long the clock's goroutine sleeps when nothing is due.
const quiet = time.Minute

// Tick settles what is due and says when to come again.
func (n *Network) Tick() time.Duration {
	n.mu.Lock()
	n.settleDue()
	jobs := n.announcements()
	next := quiet
	if len(n.due) > 0 {
		next = min(quiet, max(n.due[0].at.Sub(n.now()), time.Millisecond))
	}
	n.mu.Unlock()
	n.courier.take(jobs)
	return next
}

// schedule sets when an order ends by itself: after its latency, or when its
// prompt expires.
func (n *Network) schedule(t *order, now time.Time) {
	at := now.Add(t.plan.latency)
	switch {
	case t.plan.outcome == schemas.PaymentPending:
		at = now.Add(n.settings.prompt())
		t.ExpiresAt = at
	case n.settings.NoWait, t.AtOnce:
		n.settle(t, t.plan.outcome, now)
		return
	}
	heap.Push(&n.due, dueAt{at, t})
	if n.due[0].order == t {
		n.alarm()
	}
}

// settleDue ends all orders whose date has come. Those that ended otherwise
// meanwhile are passed over.
func (n *Network) settleDue() {
	now := n.now()
	for len(n.due) > 0 && !n.due[0].at.After(now) {
		t := heap.Pop(&n.due).(dueAt).order
		outcome := t.plan.outcome
		if outcome == schemas.PaymentPending {
			outcome = schemas.PaymentTimeout // nobody answered
		}
		n.settle(t, outcome, now)
	}
	n.compact()
}

// compact drops dates of orders that have ended, so that answered prompts do not
// stay in memory until they would have expired.
func (n *Network) compact() {
	if len(n.due) < 1024 || len(n.due) < 2*n.open {
		return
	}
	kept := n.due[:0]
	for _, d := range n.due {
		if !d.order.Outcome.Final() {
			kept = append(kept, d)
		}
	}
	clear(n.due[len(kept):])
	n.due = kept
	heap.Init(&n.due)
}

// settle ends an order, once: money moves here and nowhere else.
func (n *Network) settle(t *order, outcome schemas.PaymentStatus, now time.Time) {
	if t.Outcome.Final() {
		return
	}
	if outcome == schemas.PaymentSuccess {
		outcome = n.move(t)
	}
	if outcome != schemas.PaymentSuccess {
		n.release(t)
	}
	t.Outcome, t.SettledAt, t.Prompts = outcome, now, false
	if t.plan.outcome == schemas.PaymentPending {
		t.LatencyMillis = now.Sub(t.BeganAt).Milliseconds()
	}
	n.open--
	t.tellEnd()
	n.tally.outcomes[string(outcome)]++
	n.remember(t)
	n.tell(t.Transaction)
}

// remember queues a settled order for forgetting once there are too many.
func (n *Network) remember(t *order) {
	n.settled = append(n.settled, t.key())
	for len(n.settled) > n.keep {
		if old := n.orders[n.settled[0]]; old != nil && old.Outcome.Final() {
			delete(n.orders, n.settled[0])
		}
		n.settled = n.settled[1:]
	}
}

// move makes a success of an order if the money is there.
func (n *Network) move(t *order) schemas.PaymentStatus {
	account := n.account(t.Operator, t.Account, t.Currency)
	if account == nil {
		return schemas.PaymentServiceUnavailable
	}
	sim := n.sims[keyOf(t.Operator, t.Number)]
	if sim != nil && sim.Currency != t.Currency {
		sim = nil
	}
	if sim == nil && !t.plan.forced {
		return schemas.PaymentUnknownMSISDN // taken out meanwhile
	}
	if t.Kind == Collect {
		return n.debit(t, sim, account)
	}
	return n.credit(t, sim, account)
}

func (n *Network) debit(t *order, sim *SIM, account *Account) schemas.PaymentStatus {
	switch {
	case account.Balance+t.Amount > maxBalance:
		return schemas.PaymentLimitExceeded
	case sim != nil && sim.Balance >= t.Amount:
		sim.Balance -= t.Amount
	case t.plan.forced:
		n.outside[t.Currency] -= t.Amount
	default:
		return schemas.PaymentInsufficientFunds
	}
	account.Balance += t.Amount
	t.seen.Debits++
	n.tally.debits++
	if t.seen.Debits > 1 {
		n.tally.doubled++
	}
	return schemas.PaymentSuccess
}

func (n *Network) credit(t *order, sim *SIM, account *Account) schemas.PaymentStatus {
	if sim != nil && sim.Balance+t.Amount > maxBalance {
		return schemas.PaymentLimitExceeded
	}
	switch {
	case account.Balance >= t.Amount:
		account.Balance -= t.Amount
	case t.plan.forced:
		n.outside[t.Currency] -= t.Amount
	default:
		return schemas.PaymentInsufficientFunds
	}
	if sim != nil {
		sim.Balance += t.Amount
	} else {
		n.outside[t.Currency] += t.Amount
	}
	t.seen.Credits++
	n.tally.credits++
	if t.seen.Credits > 1 {
		n.tally.doubled++
	}
	return schemas.PaymentSuccess
}
