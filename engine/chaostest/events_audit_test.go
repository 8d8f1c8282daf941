//go:build linux

package chaostest

import (
	"fmt"
	"strings"
)

// audit holds the database, what was accepted and what the endpoints were told
// against each other. No engine runs.
func (w *eventWorld) audit() {
	w.t.Helper()
	w.none("work that is left", `SELECT id, owner, epoch, due_at, lane FROM work`)
	w.none("deliveries that did not arrive", `SELECT id, status, attempts, last_reason FROM delivery WHERE status <> 'delivered' AND endpoint_id <> '`+string(w.refusing)+`'`)
	w.auditSequences()
	stored, accepted := w.number(`SELECT COUNT(*) FROM event`), len(w.published)
	if stored != accepted {
		w.t.Errorf("%d events are stored, %d were accepted", stored, accepted)
	}
	for _, e := range w.endpoints {
		e.arrived()
		w.auditEndpoint(e)
	}
	w.auditTwice()
}

// auditEndpoint: what it hears of came, as it is stored, and nothing else did.
func (w *eventWorld) auditEndpoint(e *endpoint) {
	w.t.Helper()
	for _, f := range e.wrong() {
		w.t.Errorf("%s: %s", e.pattern, f)
	}
	heard := w.heard(e)
	rows, err := w.query(`SELECT event.id, event.resource_id, event.type, event.sequence FROM event JOIN delivery ON delivery.event_id = event.id WHERE delivery.endpoint_id = '` + string(e.id) + `'`)
	must(w.t, err)
	if len(rows) != len(heard) || len(e.events) != len(heard) {
		w.t.Errorf("%s: it hears of %d events, %d deliveries are stored, %d events came", e.pattern, len(heard), len(rows), len(e.events))
	}
	for _, row := range rows {
		id, rest, _ := strings.Cut(row, " ")
		p, came := heard[id], e.events[id]
		if got := fmt.Sprint(p.resource, " ", came.Type, " ", came.Sequence); got != rest || p.kind != came.Type {
			w.t.Errorf("%s: event %s: stored %q, accepted as %q of %q, told %q", e.pattern, id, rest, p.kind, p.resource, got)
		}
	}
	if e.ordered {
		w.auditOrder(e)
	}
}

// auditOrder: each resource's sequences came in order. The last may come again,
// and none that went before it.
func (w *eventWorld) auditOrder(e *endpoint) {
	w.t.Helper()
	last := map[string]int64{}
	for _, a := range e.arrived() {
		resource := w.published[a.Event].resource
		if a.Sequence != last[resource] && a.Sequence != last[resource]+1 {
			w.t.Errorf("%s: sequence %d of %s came after %d", e.pattern, a.Sequence, resource, last[resource])
		}
		last[resource] = a.Sequence
	}
}

// auditTwice: what came again is what an endpoint refused, or what was claimed
// by a node when it was killed. An attempt that found no receiver, or one that it
// did not trust, is no excuse.
func (w *eventWorld) auditTwice() {
	w.t.Helper()
	attempts := map[string]int{}
	rows, err := w.query(`SELECT delivery.endpoint_id, delivery.event_id, COUNT(*) FROM delivery JOIN delivery_attempt ON delivery_attempt.delivery_id = delivery.id
WHERE delivery_attempt.reason NOT IN ('connect', 'tls') GROUP BY delivery.endpoint_id, delivery.event_id`)
	must(w.t, err)
	stored, arrivals, unstored := 0, 0, 0
	for _, row := range rows {
		var endpoint, event string
		var n int
		_, err := fmt.Sscan(row, &endpoint, &event, &n)
		must(w.t, err)
		attempts[endpoint+" "+event] = n
		stored += n
	}
	for _, e := range w.endpoints {
		for event, told := range e.events {
			arrivals += told.times
			unstored += max(0, told.times-attempts[string(e.id)+" "+event])
		}
	}
	w.t.Logf("%s: accepted %d events, %d arrivals, %d attempts stored, %d kills, %d claimed then", w.name, len(w.published), arrivals, stored, w.kills, w.claimed)
	if unstored > w.claimed {
		w.t.Errorf("%d arrivals are of no stored attempt, %d deliveries were claimed at the kills", unstored, w.claimed)
	}
}
