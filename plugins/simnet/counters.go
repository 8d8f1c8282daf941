package simnet

import "maps"

// seen is what happened under one reference.
type seen struct {
	// Begins counts orders under the reference, refused ones included.
	Begins int `json:"begins"`
	// Debits counts how often the payer paid, Credits how often the payee got.
	Debits  int `json:"debits"`
	Credits int `json:"credits"`
}

// Reference is what happened under one reference.
type Reference struct {
	seen
	Transaction Transaction `json:"transaction"`
}

// Reference answers what happened under a reference, as long as its transaction
// is remembered.
func (n *Network) Reference(operator, reference string) (Reference, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, found := n.orders[orderKey{operator, reference}]
	if !found {
		return Reference{}, false
	}
	return Reference{t.seen, t.Transaction}, true
}

// Counters say what happened since the start or the last reset.
type Counters struct {
	// Requests counts what operators were asked, by operator and operation.
	Requests map[string]int64 `json:"requests"`
	// Transactions by kind, Outcomes of the settled ones.
	Transactions map[string]int64 `json:"transactions"`
	Outcomes     map[string]int64 `json:"outcomes"`
	Open         int              `json:"open"`
	// Reused counts orders under a used reference, Doubled those that moved
	// money again: with the guard on there are none.
	Reused  int64 `json:"reused"`
	Debits  int64 `json:"debits"`
	Credits int64 `json:"credits"`
	Doubled int64 `json:"doubled"`
	// Callbacks by what became of them: sent, failed, lost, late, repeated,
	// stale, forged, dropped.
	Callbacks map[string]int64 `json:"callbacks"`
}

type tally struct {
	requests, transactions, outcomes map[string]int64
	reused, debits, credits, doubled int64
	telling                          []job // settled, to be told once the lock is free
}

func newTally() tally {
	return tally{requests: map[string]int64{}, transactions: map[string]int64{}, outcomes: map[string]int64{}}
}

// Counters answers a copy.
func (n *Network) Counters() Counters {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Counters{
		Requests: maps.Clone(n.tally.requests), Transactions: maps.Clone(n.tally.transactions),
		Outcomes: maps.Clone(n.tally.outcomes), Open: n.open,
		Reused: n.tally.reused, Debits: n.tally.debits, Credits: n.tally.credits, Doubled: n.tally.doubled,
		Callbacks: n.courier.counts(),
	}
}
