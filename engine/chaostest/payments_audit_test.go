//go:build linux

package chaostest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// payment is one as the engine's database has it.
type payment struct {
	id, kind, parent, status, number, reference, order string
	// total is what the operator moves, fee what was kept of it.
	amount, net, fee, total int64
	refunded, refunding     int64
}

func (p payment) done() bool { return p.status == string(schemas.PaymentSuccess) }

// audit holds the database, what was accepted, the operator's books and what the
// receiver was told against each other. No engine runs.
func (c *fire) audit() {
	c.t.Helper()
	c.auditWork()
	c.auditSequences()
	all := c.payments()
	c.auditAccepted(all)
	c.auditOrders(all)
	c.auditRefunds(all)
	c.auditBooks(all)
	c.auditTold(all)
	c.auditLogs()
	for _, f := range c.receiver.wrong() {
		c.t.Errorf("callback: %s", f)
	}
}

// payments reads them all, by id. What is empty is a dash.
func (w *paymentWorld) payments() map[string]payment {
	w.t.Helper()
	w.none("payments that were given up and succeeded", `SELECT id, status FROM payment WHERE late_at <> 0`)
	rows, err := w.query(`SELECT id, type, CASE WHEN parent_id = '' THEN '-' ELSE parent_id END, status, msisdn, reference,
 CASE WHEN operator_reference = '' THEN '-' ELSE operator_reference END, amount, net_amount, commission, customer_total, refunded, refunding FROM payment`)
	must(w.t, err)
	all := map[string]payment{}
	for _, row := range rows {
		var p payment
		_, err := fmt.Sscan(row, &p.id, &p.kind, &p.parent, &p.status, &p.number, &p.reference, &p.order,
			&p.amount, &p.net, &p.fee, &p.total, &p.refunded, &p.refunding)
		must(w.t, err)
		all[p.id] = p
	}
	return all
}

// auditAccepted: what was accepted is stored and has ended, and nothing else is.
func (w *paymentWorld) auditAccepted(all map[string]payment) {
	w.t.Helper()
	accepted := w.acceptedIDs()
	for id, reference := range accepted {
		if p := all[id]; p.reference != reference {
			w.t.Errorf("payment %s was accepted as %s and is stored as %+v", id, reference, p)
		}
	}
	for id, p := range all {
		if accepted[id] == "" {
			w.t.Errorf("payment %s is stored, and nobody was told that it was accepted: %+v", id, p)
		}
		if !schemas.PaymentStatus(p.status).Final() {
			w.t.Errorf("payment %s has not ended: %+v", id, p)
		}
	}
}

// auditOrders asks the operator: each payment was ordered once at most, and ended
// there as it did here. One that the operator never took moved nothing.
func (w *paymentWorld) auditOrders(all map[string]payment) {
	w.t.Helper()
	found := int64(0)
	for _, p := range all {
		seen, taken := w.net.Reference(mtn.Operator, p.order)
		if !taken {
			if p.done() {
				w.t.Errorf("payment %s succeeded, and the operator does not know it", p.id)
			}
			continue
		}
		found++
		moved := 0
		if p.done() {
			moved = 1
		}
		if t := seen.Transaction; seen.Begins != 1 || seen.Debits+seen.Credits != moved || string(t.Outcome) != p.status {
			w.t.Errorf("payment %+v: at the operator %d orders, %d debits, %d credits, ended as %s", p, seen.Begins, seen.Debits, seen.Credits, t.Outcome)
		} else if (t.Kind == simnet.Collect) != (p.kind == "collection") || t.Amount != p.total || t.Number != p.number {
			w.t.Errorf("payment %+v: the operator has it as %+v", p, t.Order)
		}
	}
	n, ordered := w.net.Counters(), int64(0)
	for _, count := range n.Transactions {
		ordered += count
	}
	if ordered != found || n.Reused != 0 || n.Doubled != 0 || n.Open != 0 {
		w.t.Errorf("of %d orders %d are of payments; references used again %d, money moved again %d, still open %d", ordered, found, n.Reused, n.Doubled, n.Open)
	}
}

// auditRefunds: of a collection no more is given back than it was, and what is
// noted with it is what its refunds gave.
func (w *paymentWorld) auditRefunds(all map[string]payment) {
	w.t.Helper()
	given := map[string]int64{}
	for _, p := range all {
		if p.kind == "refund" && p.done() {
			given[p.parent] += p.amount
		}
	}
	for id, p := range all {
		if p.refunded != given[id] || p.refunding != 0 || given[id] > p.amount || given[id] > 0 && (p.kind != "collection" || !p.done()) {
			w.t.Errorf("refunds gave back %d of %+v", given[id], p)
		}
	}
}

// auditTold: each payment's end was told in one event of its kind, a success of a
// collection in one more, and both came.
func (w *paymentWorld) auditTold(all map[string]payment) {
	w.t.Helper()
	rows, err := w.query(`SELECT event.resource_id, event.type, event.id FROM event JOIN delivery ON delivery.event_id = event.id`)
	must(w.t, err)
	told := map[string][]string{}
	w.receiver.mu.Lock()
	defer w.receiver.mu.Unlock()
	for _, row := range rows {
		f := strings.Fields(row)
		told[f[0]] = append(told[f[0]], f[1])
		var body struct {
			Data struct {
				Transaction string `json:"tx_id"`
				Payment     string `json:"paymentId"`
				Status      string `json:"status"`
			} `json:"data"`
		}
		e := w.receiver.events[f[2]]
		_ = json.Unmarshal([]byte(e.body), &body) // one that did not come is no JSON
		d, p := body.Data, all[f[0]]
		if e.Type != f[1] || d.Transaction+d.Payment != p.id || d.Transaction != "" && d.Status != p.status {
			w.t.Errorf("event %s of %+v came as %q", f[2], p, e.body)
		}
	}
	if len(rows) != len(w.receiver.events) {
		w.t.Errorf("%d events are stored for delivery, %d came", len(rows), len(w.receiver.events))
	}
	for id, p := range all {
		slices.Sort(told[id])
		if want := p.events(); !slices.Equal(told[id], want) {
			w.t.Errorf("payment %+v was told in %v, want %v", p, told[id], want)
		}
	}
}

// events are the types of those that tell of a payment, sorted.
func (p payment) events() []string {
	switch {
	case p.kind == "refund":
		return []string{schemas.EventPaymentRefunded}
	case p.kind == "disbursement":
		return []string{schemas.EventDisbursementCompleted}
	case p.done():
		return []string{schemas.EventPaymentCompleted, schemas.EventPaymentReceived}
	}
	return []string{schemas.EventPaymentCompleted}
}

// auditLogs: no engine found its ledger wrong while it folded it, nor an answer
// that contradicts what it had stored, and none broke.
func (w *paymentWorld) auditLogs() {
	w.t.Helper()
	for n := range w.nodes {
		path := filepath.Join(w.dir, fmt.Sprintf("node%d.log", n+1))
		for _, bad := range []string{"the ledger does not add up", "contradicts the outcome", "panic:"} {
			if logged(path, bad) {
				w.t.Errorf("%s says %q:\n%s", path, bad, tail(path))
			}
		}
	}
}
