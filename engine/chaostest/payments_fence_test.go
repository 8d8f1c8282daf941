//go:build linux

package chaostest

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
)

// TestMoneyThatStoodStillWithItsConnectorIsNeverSentLate stops a node and its
// connector with orders in between: stored as sent, and not at the operator, which
// has no guard against used references. The other node finds nothing, twice and
// late enough, and orders again. When the first two go on, the deadline is over:
// one order more would be money twice.
func TestMoneyThatStoodStillWithItsConnectorIsNeverSentLate(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	t.Logf("repeat with AFARA_CHAOS_SEED=%d", seed)
	c := &fire{paymentWorld: newPaymentWorld(t, postgresRedis, false), dose: thePaymentDose()}
	c.name += ", a node and its connector stop"
	still := c.start("")
	c.fund(c.dose.funds)
	enough, ended := make(chan struct{}), make(chan struct{})
	defer close(ended)
	c.posting.Go(func() { c.phones(rand.New(rand.NewPCG(seed, 0)), ended) })
	fed := c.background(func() { c.feed(seed, 8, func(int64) bool { return isClosed(enough) }) })
	connector, stuck := c.stopBetween(still, "mtn", c.unsentOrders)
	c.kills++
	close(enough)
	// Nobody answers at the old address, so what the operator pushes is lost.
	c.args = append(c.args, "--listen", "127.0.0.1:0")
	c.node = c.start("")
	<-fed
	c.allEnded()
	must(t, syscall.Kill(connector, syscall.SIGCONT))
	still.signal(t, syscall.SIGCONT)
	still.drain(t)
	c.finish()
	again, err := c.query(`SELECT vendor_reference FROM attempt WHERE stage = 'submit' AND outcome = 'not_done'`)
	must(t, err)
	if !slices.ContainsFunc(again, func(order string) bool { return slices.Contains(stuck, order) }) {
		t.Errorf("none of the %d orders that stood still was found missing: nothing is proved", len(stuck))
	}
}

// unsentOrders answers the references that are stored as sent, are in doubt, and
// that the operator has not heard of.
func (w *paymentWorld) unsentOrders() []string {
	doubts, err := w.query(`SELECT vendor_reference FROM attempt WHERE stage = 'submit' AND outcome = ''`)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(doubts, func(order string) bool {
		_, taken := w.net.Find(mtn.Operator, order)
		return taken
	})
}
