//go:build linux

package chaostest

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that reads PostgreSQL from outside
	_ "modernc.org/sqlite"             // the driver that reads SQLite from outside
)

// query reads the engine's database from outside, one text for each row.
func (w *world) query(statement string) ([]string, error) {
	driver, source := "pgx", w.database
	if path, ok := strings.CutPrefix(w.database, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = c.String
		}
		out = append(out, strings.Join(texts, " "))
	}
	return out, rows.Err()
}

// number reads a count; -1 while the database cannot be read.
func (w *world) number(statement string) int {
	rows, err := w.query(statement)
	var n int
	if err != nil || len(rows) != 1 {
		return -1
	}
	if _, err := fmt.Sscan(rows[0], &n); err != nil {
		return -1
	}
	return n
}

// finish waits until every accepted invoice has ended and was told so, replays
// what is held, drains the engine and audits the end.
func (w *world) finish(n *node, limit time.Duration) {
	w.t.Helper()
	w.settled(limit)
	held := w.number(`SELECT COUNT(*) FROM work WHERE held = 1`)
	if held > 0 {
		w.replay()
		w.settled(limit)
	}
	n.drain(w.t)
	w.audit()
	c := w.authority.Counters()
	w.t.Logf("%s: accepted %d, completed %d, held meanwhile %d, kills %d, callbacks %d, sign requests %d, look-ups %d",
		w.name, len(w.acceptedIDs()), c.Registered, held, w.kills, w.receiver.count(), c.Requests["sign"], c.Requests["confirm"])
}

// settled waits until only held work is left, and all was told.
func (w *world) settled(limit time.Duration) {
	w.t.Helper()
	w.eventually(limit, "every accepted invoice has ended and was told", func() bool {
		told := w.receiver.ended()
		for id := range w.acceptedIDs() {
			if len(told[id]) == 0 {
				return false
			}
		}
		return w.number(`SELECT COUNT(*) FROM work WHERE held = 0`) == 0
	})
}

// replay gives held messages back, as a person would; they enter at the
// look-up where anything was ever sent.
func (w *world) replay() {
	w.t.Helper()
	rows, err := w.query(`SELECT held_reason, COUNT(*) FROM message WHERE status = 'held' GROUP BY held_reason`)
	must(w.t, err)
	w.t.Logf("%s: held: %v", w.name, rows)
	var out map[string]any
	if status, err := w.call(w.key, "POST", "/si/dlq/replay", "", map[string]any{"filter": map[string]any{}}, &out); err != nil {
		w.t.Fatalf("replay: %d %v", status, err)
	}
}

// audit holds the database, the authority's books and what the receiver was
// told against each other. No engine runs.
func (w *world) audit() {
	w.t.Helper()
	w.auditWork()
	w.auditInvoices()
	w.auditEvents()
	w.auditAuthority()
	for _, f := range w.receiver.wrong() {
		w.t.Errorf("callback: %s", f)
	}
}

// none fails when a query that looks for a fault finds one.
func (w *world) none(fault, statement string) {
	w.t.Helper()
	rows, err := w.query(statement)
	must(w.t, err)
	if len(rows) > 0 {
		w.t.Errorf("%s: %d rows, the first: %s", fault, len(rows), strings.Join(rows[:min(5, len(rows))], "; "))
	}
}

func (w *world) auditWork() {
	w.t.Helper()
	w.none("work that is left", `SELECT id, stage, owner, epoch, held, open_attempt FROM work`)
	w.none("gates that are closed", `SELECT key, reason, detail FROM gate`)
	w.none("messages that have not settled", `SELECT id, status, stage, held_reason FROM message WHERE status <> 'settled'`)
	w.none("attempts in doubt", `SELECT id, message_id, stage, number FROM attempt WHERE outcome = ''`)
	w.none("late answers that contradict the outcome",
		`SELECT id, outcome, late_outcome FROM attempt WHERE late_outcome LIKE '%"class":"result"%' AND outcome <> 'result'`)
	w.none("messages with two successful registrations",
		`SELECT message_id FROM attempt WHERE outcome = 'result' GROUP BY message_id, stage HAVING COUNT(*) > 1`)
	w.none("deliveries that did not arrive", `SELECT id, status, attempts FROM delivery WHERE status <> 'delivered'`)
}

func (w *world) auditInvoices() {
	w.t.Helper()
	w.none("invoices that are not completed", `SELECT id, status, held_reason, reasons FROM invoice WHERE status <> 'COMPLETED' OR irn = '' OR qr = '' OR held_reason <> ''`)
	w.none("IRNs given twice", `SELECT irn FROM invoice GROUP BY environment_id, irn HAVING COUNT(*) > 1`)
	w.none("invoices without exactly one message", `SELECT invoice.id FROM invoice LEFT JOIN message ON message.resource_id = invoice.id GROUP BY invoice.id HAVING COUNT(message.id) <> 1`)
	rows, err := w.query(`SELECT id FROM invoice`)
	must(w.t, err)
	accepted := w.acceptedIDs()
	if len(rows) != len(accepted) {
		w.t.Errorf("%d invoices are stored, %d were accepted", len(rows), len(accepted))
	}
	for _, id := range rows {
		if _, ok := accepted[id]; !ok {
			w.t.Errorf("invoice %s is stored, and nobody was told that it was accepted", id)
		}
	}
}

func (w *world) auditSequences() {
	w.t.Helper()
	w.none("sequences with a gap or a double",
		`SELECT resource_id, COUNT(*), MAX(sequence) FROM event GROUP BY resource_id HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*) OR COUNT(DISTINCT sequence) <> COUNT(*)`)
}

func (w *world) auditEvents() {
	w.t.Helper()
	w.auditSequences()
	w.none("counters that are not at the last event",
		`SELECT counter.resource_id, counter.sequence, MAX(event.sequence) FROM counter LEFT JOIN event ON event.resource_id = counter.resource_id GROUP BY counter.resource_id, counter.sequence HAVING counter.sequence <> MAX(event.sequence)`)
	w.none("invoices not signed exactly once",
		`SELECT invoice.id FROM invoice LEFT JOIN event ON event.resource_id = invoice.id AND event.type = 'invoice.signed' GROUP BY invoice.id HAVING COUNT(event.id) <> 1`)
	w.none("events told by more than one delivery", `SELECT event_id FROM delivery GROUP BY event_id HAVING COUNT(*) > 1`)
	rows, err := w.query(`SELECT event.id, event.resource_id, event.type, event.sequence FROM event JOIN delivery ON delivery.event_id = event.id`)
	must(w.t, err)
	w.receiver.mu.Lock()
	defer w.receiver.mu.Unlock()
	for _, row := range rows {
		id, rest, _ := strings.Cut(row, " ")
		e, came := w.receiver.events[id]
		if got := fmt.Sprint(e.Data.ID, " ", e.Type, " ", e.Sequence); !came || got != rest {
			w.t.Errorf("event %s: stored %q, told %q", id, rest, got)
		}
	}
	if len(rows) != len(w.receiver.events) {
		w.t.Errorf("%d events are stored for delivery, %d came", len(rows), len(w.receiver.events))
	}
}

// auditAuthority asks the other side: each IRN was registered once, and no
// registration was asked for again on a doubt.
func (w *world) auditAuthority() {
	w.t.Helper()
	rows, err := w.query(`SELECT irn FROM invoice WHERE connection_id IN (SELECT id FROM connection WHERE connector = 'firs')`)
	must(w.t, err)
	for _, irn := range rows {
		if asked, _ := w.authority.Asked(irn); asked.Registered != 1 || asked.Violations != 0 {
			w.t.Errorf("IRN %s was registered %d times, with %d violations", irn, asked.Registered, asked.Violations)
		}
	}
	c := w.authority.Counters()
	if c.Registered != int64(len(rows)) || c.Duplicates != 0 || c.Violations != 0 {
		w.t.Errorf("the authority counted %d registrations for %d invoices, %d duplicates, %d violations %v",
			c.Registered, len(rows), c.Duplicates, c.Violations, c.Violators)
	}
}

// picture is what is unfinished, for failures.
func (w *world) picture() string {
	var b strings.Builder
	for _, q := range []string{
		`SELECT kind, stage, held, owner <> '' AS owned, published_incarnation <> '' AS published, open_attempt <> '' AS doubt, COUNT(*) FROM work GROUP BY 1, 2, 3, 4, 5, 6`,
		`SELECT id, due_at, lease_until, published_at, lost_claims, suspect, epoch, owner FROM work LIMIT 5`,
		`SELECT status, COUNT(*) FROM message GROUP BY status`,
		`SELECT last_class, last_error, COUNT(*) FROM message WHERE status <> 'settled' GROUP BY 1, 2 LIMIT 5`,
		`SELECT status, COUNT(*) FROM delivery GROUP BY status`,
		`SELECT key, reason, detail FROM gate`,
	} {
		rows, err := w.query(q)
		fmt.Fprintf(&b, "%s\n  %s %v\n", q, strings.Join(rows, "\n  "), err)
	}
	fmt.Fprintf(&b, "accepted %d, told %d, clock %d\n", len(w.acceptedIDs()), len(w.receiver.ended()), w.pace.Now().UnixMicro())
	return b.String()
}
