package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// registerWriters tells the applier how the parts of messages and attempts
// look in SQL.
func registerWriters(a *store.Applier) {
	a.Register(domain.PartMessage, one(insertMessage))
	a.Register(domain.PartMessageEnd, one(endMessage))
	a.Register(partMessageWait, one(waitMessage))
	a.Register(partMessageHold, one(holdMessage))
	a.Register(partMessageOpen, one(openMessage))
	a.Register(partNotFound, one(countNotFound))
	a.Register(partAttemptState, one(keepAttemptState))
	a.Register(partAccepted, one(acceptAttempt))
	a.Register(partAttemptTold, one(keepTold))
	a.Register(partAttemptEnd, one(endAttempt))
	a.Register(partAttemptSent, one(func(s attemptSent) store.Statement { return insertAttempt(s.attempt) }))
	a.Register(partReadFailed, one(insertFailedRead))
}

// one adapts a typed function that makes a single statement.
func one[T domain.Part](f func(T) store.Statement) store.Writer {
	return func(p domain.Part) ([]store.Statement, error) {
		t, ok := p.(T)
		if !ok {
			return nil, fmt.Errorf("part %s has type %T", p.PartOf(), p)
		}
		return []store.Statement{f(t)}, nil
	}
}

func insertMessage(m domain.Message) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO message (id, environment_id, connection_id, flow, flow_version, resource_id, document_id, status, outcome, stage, spent, waits, first_failed_at, last_class, last_error, held_reason, held_at, traceparent, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', '', $8, 0, 0, 0, '', '', '', 0, $9, $10, $10)`,
		Args: []any{m.ID, m.Environment, m.Connection, m.Flow, int64(m.FlowVersion), m.Resource, m.Document, m.Stage, m.Traceparent, domain.Micros(m.CreatedAt)},
		Rows: 1,
	}
}

func endMessage(e domain.MessageEnd) store.Statement {
	return store.Statement{
		SQL:  `UPDATE message SET status = 'settled', outcome = $1, held_reason = '', updated_at = $2 WHERE id = $3 AND status <> 'settled'`,
		Args: []any{e.Outcome, domain.Micros(e.At), e.ID}, Rows: 1,
	}
}

func waitMessage(w messageWait) store.Statement {
	return store.Statement{
		SQL: `UPDATE message SET stage = $1, last_class = $2, last_error = $3, spent = spent + $4, waits = waits + 1,
 first_failed_at = CASE WHEN first_failed_at = 0 THEN $5 ELSE first_failed_at END, updated_at = $5 WHERE id = $6`,
		Args: []any{w.Stage, w.Class, string(w.Error), int64(w.Spent), domain.Micros(w.At), w.ID}, Rows: 1,
	}
}

func holdMessage(h messageHold) store.Statement {
	return store.Statement{
		SQL: `UPDATE message SET status = 'held', stage = $1, held_reason = $2, held_at = $3, spent = $4,
 last_error = CASE WHEN $5 = '' THEN last_error ELSE $5 END, updated_at = $3 WHERE id = $6 AND status = 'open'`,
		Args: []any{h.Stage, string(h.Reason), domain.Micros(h.At), int64(h.Spent), string(h.Error), h.ID}, Rows: 1,
	}
}

// openMessage starts the clocks of a replayed message anew. waits stays above
// 0, the mark of a message that has attempts behind it.
func openMessage(o messageOpen) store.Statement {
	return store.Statement{
		SQL:  `UPDATE message SET status = 'open', held_reason = '', held_at = 0, spent = 0, waits = 1, first_failed_at = 0, updated_at = $1 WHERE id = $2 AND status = 'held'`,
		Args: []any{domain.Micros(o.At), o.ID}, Rows: 1, Err: ErrNotHeld,
	}
}

func insertAttempt(a attempt) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO attempt (id, message_id, stage, number, operation, effect, connector_version, vendor_reference, input_digest, sent_at, deadline, settles_at, not_founds, outcome, error, ended_at, late_outcome, late_at, state, accepted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '', '', 0, '', 0, $13, $14)`,
		Args: []any{a.ID, a.Message, a.Stage, int64(a.Number), a.Operation, a.Effect, a.ConnectorVersion, a.Reference, a.InputDigest,
			domain.Micros(a.SentAt), domain.Micros(a.Deadline), domain.Micros(a.SettlesAt), bound(a.State), domain.Micros(a.AcceptedAt)},
		Rows: 1,
	}
}

// insertFailedRead numbers itself: calls without effect are not fenced by
// their number, only shown by it.
func insertFailedRead(f failedRead) store.Statement {
	a := f.attempt
	return store.Statement{
		SQL: `INSERT INTO attempt (id, message_id, stage, number, operation, effect, connector_version, vendor_reference, input_digest, sent_at, deadline, settles_at, not_founds, outcome, error, ended_at, late_outcome, late_at, state)
VALUES ($1, $2, $3, (SELECT COALESCE(MAX(number), 0) + 1 FROM attempt WHERE message_id = $2 AND stage = $3), '', 'none', $4, '', $5, $6, 0, 0, 0, $7, $8, $9, '', 0, $10)`,
		Args: []any{a.ID, a.Message, a.Stage, a.ConnectorVersion, a.InputDigest, domain.Micros(a.SentAt), a.Outcome, string(a.Error), domain.Micros(a.EndedAt), bound(a.State)},
		Rows: 1,
	}
}

func endAttempt(e attemptEnd) store.Statement {
	s := store.Statement{
		SQL: `UPDATE attempt SET outcome = $1, error = $2, ended_at = $3, state = $4, connector_version = CASE WHEN $5 = '' THEN connector_version ELSE $5 END` +
			whereAttempt(6) + ` AND outcome = ''`,
		Args: append([]any{e.Outcome, string(e.Error), domain.Micros(e.At), bound(e.State), e.Version}, e.args()...), Rows: 1,
	}
	if e.AndNoLate {
		s.SQL, s.Err = s.SQL+` AND late_outcome = ''`, errAnswered
	}
	return s
}

func keepAttemptState(s attemptState) store.Statement {
	return store.Statement{
		SQL:  `UPDATE attempt SET state = $1` + whereAttempt(2) + ` AND outcome = ''`,
		Args: append([]any{bound(s.State)}, s.args()...), Rows: 1,
	}
}

func acceptAttempt(a attemptAccepted) store.Statement {
	s := store.Statement{
		SQL:  `UPDATE attempt SET accepted_at = $1` + whereAttempt(2) + ` AND outcome = ''`,
		Args: append([]any{domain.Micros(a.At)}, a.args()...), Rows: 1,
	}
	if a.AndNoLate {
		s.SQL, s.Err = s.SQL+` AND late_outcome = ''`, errAnswered
	}
	return s
}

func countNotFound(n attemptNotFound) store.Statement {
	return store.Statement{SQL: `UPDATE attempt SET not_founds = not_founds + 1` + whereAttempt(1) + ` AND outcome = ''`, Args: n.args(), Rows: 1}
}

// whereAttempt finds one attempt by its key, the first of whose four
// parameters has that number.
func whereAttempt(first int) string {
	return fmt.Sprintf(" WHERE message_id = $%d AND stage = $%d AND number = $%d AND id = $%d", first, first+1, first+2, first+3)
}

func (k attemptKey) args() []any { return []any{k.Message, k.Stage, int64(k.Number), k.ID} }

func bound(state []byte) []byte {
	if len(state) > maxState {
		return nil
	}
	return state
}

const messageColumns = `id, environment_id, connection_id, flow, flow_version, resource_id, document_id, status, outcome, stage, spent, waits, first_failed_at, last_class, last_error, held_reason, held_at, traceparent, created_at, updated_at`

func readMessages(ctx context.Context, q store.Querier, ids []domain.MessageID) ([]domain.Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := store.List(0, ids)
	return scanMessages(q.Query(ctx, `SELECT `+messageColumns+` FROM message WHERE id IN (`+list+`)`, args...))
}

func scanMessages(rows store.Rows, err error) ([]domain.Message, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []domain.Message
	for rows.Next() {
		var m domain.Message
		var version, spent, waits, failed, held, created, updated int64
		var lastError string
		if err := rows.Scan(&m.ID, &m.Environment, &m.Connection, &m.Flow, &version, &m.Resource, &m.Document, &m.Status, &m.Outcome, &m.Stage,
			&spent, &waits, &failed, &m.LastClass, &lastError, &m.HeldReason, &held, &m.Traceparent, &created, &updated); err != nil {
			return nil, err
		}
		m.FlowVersion, m.Spent, m.Waits = int(version), int(spent), int(waits)
		m.FirstFailedAt, m.HeldAt = domain.FromMicros(failed), domain.FromMicros(held)
		m.CreatedAt, m.UpdatedAt = domain.FromMicros(created), domain.FromMicros(updated)
		m.LastError = rawOrNil(lastError)
		out = append(out, m)
	}
	return out, rows.Err()
}

const attemptColumns = `id, message_id, stage, number, operation, effect, connector_version, vendor_reference, input_digest, sent_at, deadline, settles_at, not_founds, outcome, error, ended_at, late_outcome, late_at, state, accepted_at`

// readNewestAttempts reads the newest attempt of each message's each stage.
func readNewestAttempts(ctx context.Context, q store.Querier, ids []domain.MessageID) ([]*attempt, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := store.List(0, ids)
	return scanAttempts(q.Query(ctx, `SELECT `+attemptColumns+` FROM (
 SELECT `+attemptColumns+`, ROW_NUMBER() OVER (PARTITION BY message_id, stage ORDER BY number DESC) AS age FROM attempt WHERE message_id IN (`+list+`)) ranked WHERE age = 1`, args...))
}

func readAttempts(ctx context.Context, q store.Querier, ids []domain.MessageID) ([]*attempt, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := store.List(0, ids)
	return scanAttempts(q.Query(ctx, `SELECT `+attemptColumns+` FROM attempt WHERE message_id IN (`+list+`) ORDER BY id`, args...))
}

func readAttempt(ctx context.Context, q store.Querier, k attemptKey) (*attempt, error) {
	out, err := scanAttempts(q.Query(ctx, `SELECT `+attemptColumns+` FROM attempt`+whereAttempt(1), k.args()...))
	if err == nil && len(out) == 0 {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func scanAttempts(rows store.Rows, err error) ([]*attempt, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*attempt
	for rows.Next() {
		var a attempt
		var number, sent, deadline, settles, notFounds, ended, lateAt, accepted int64
		var errText, late string
		if err := rows.Scan(&a.ID, &a.Message, &a.Stage, &number, &a.Operation, &a.Effect, &a.ConnectorVersion, &a.Reference, &a.InputDigest,
			&sent, &deadline, &settles, &notFounds, &a.Outcome, &errText, &ended, &late, &lateAt, &a.State, &accepted); err != nil {
			return nil, err
		}
		a.Number, a.NotFounds = int(number), int(notFounds)
		a.SentAt, a.Deadline, a.SettlesAt = domain.FromMicros(sent), domain.FromMicros(deadline), domain.FromMicros(settles)
		a.EndedAt, a.LateAt, a.Error = domain.FromMicros(ended), domain.FromMicros(lateAt), rawOrNil(errText)
		a.AcceptedAt = domain.FromMicros(accepted)
		if late != "" {
			a.Late = &lateOutcome{}
			if err := json.Unmarshal([]byte(late), a.Late); err != nil {
				return nil, fmt.Errorf("late outcome of %s: %w", a.ID, err)
			}
		}
		out = append(out, &a)
	}
	return out, rows.Err()
}

func rawOrNil(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
