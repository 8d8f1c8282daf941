package simnet

import "context"

// Await waits until the order under a reference has ended, or ctx has, and
// answers what is known then: for operators whose answer waits for the payer.
func (n *Network) Await(ctx context.Context, operator, reference string) (Transaction, bool) {
	n.mu.Lock()
	var ended <-chan struct{}
	if t, found := n.orders[orderKey{operator, reference}]; found {
		ended = t.end()
	}
	n.mu.Unlock()
	if ended != nil {
		select {
		case <-ended:
		case <-ctx.Done():
		case <-n.ctx.Done():
		}
	}
	return n.Find(operator, reference)
}

// end is closed once the order has ended; nil when it has. The caller holds the
// lock.
func (t *order) end() <-chan struct{} {
	if t.Outcome.Final() {
		return nil
	}
	if t.ended == nil {
		t.ended = make(chan struct{})
	}
	return t.ended
}

// tellEnd wakes who waits for the end; the caller holds the lock.
func (t *order) tellEnd() {
	if t.ended != nil {
		close(t.ended)
		t.ended = nil
	}
}
