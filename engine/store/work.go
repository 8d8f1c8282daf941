package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

const workColumns = `id, kind, stream, environment_id, connection_id, gate, stage, due_at, epoch, owner, lease_until, lost_claims, suspect, open_attempt, flow_version, lane`

// ready is what a row needs beside its time: its gate is open at now, a
// parameter, and nothing of its lane goes before it.
func ready(now string) string {
	return ` AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.key IN (work.gate, work.stream) AND gate.closed_until > ` + now + `)
 AND (lane = '' OR NOT EXISTS (SELECT 1 FROM work AS earlier WHERE earlier.lane = work.lane AND earlier.lane <> '' AND earlier.turn < work.turn))`
}

// insertWork stores a new row in its place. Turns of one lane are given one at
// a time by whoever adds to it under a lock of its own (a resource's counter).
func insertWork(w PlacedWork, now time.Time) Statement {
	publishedAt := int64(0)
	if w.Incarnation != "" {
		publishedAt = domain.Micros(now)
	}
	const insert = `INSERT INTO work (id, kind, stream, environment_id, connection_id, gate, stage, due_at, epoch, owner, lease_until, published_incarnation, published_at, lost_claims, suspect, held, open_attempt, flow_version, lane, turn)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, '', $14, `
	s := Statement{
		SQL: insert + `'', 0`,
		Args: []any{w.ID, w.Kind, w.Stream, w.Environment, w.Connection, w.Gate, w.Stage, domain.Micros(w.DueAt),
			w.Epoch, w.Owner, domain.Micros(w.LeaseUntil), w.Incarnation, publishedAt, int64(w.FlowVersion)},
		Rows: 1,
	}
	if w.Lane != "" {
		s.SQL = insert + `CAST($15 AS TEXT), (SELECT COALESCE(MAX(turn), 0) + 1 FROM work WHERE lane = $15 AND lane <> '')`
		s.Args = append(s.Args, w.Lane)
	}
	if w.Connection != "" {
		s.SQL += ` WHERE NOT EXISTS (SELECT 1 FROM gate WHERE gate.key = $6 AND gate.reason = '` + ReasonDeleted + `')`
		s.Err = ErrDeleted
	}
	return s
}

// writeFenced is the fence of every settling transaction: it touches one row
// or the whole change is void. A release ends its epoch, so that it cannot be
// true twice; a claim that has lapsed and that nobody took may still release.
func writeFenced(c domain.WorkChange) Statement {
	switch c.Move {
	case domain.MoveDone:
		return Statement{SQL: `DELETE FROM work WHERE id = $1 AND epoch = $2`, Args: []any{c.ID, c.Epoch}, Rows: 1}
	case domain.MoveKeep:
		return Statement{
			SQL:  `UPDATE work SET stage = $1, lease_until = $2, open_attempt = $3 WHERE id = $4 AND epoch = $5`,
			Args: []any{c.Stage, domain.Micros(c.LeaseUntil), c.OpenAttempt, c.ID, c.Epoch},
			Rows: 1,
		}
	case domain.MoveHold:
		return Statement{
			SQL:  `UPDATE work SET stage = $1, open_attempt = $2, owner = '', lease_until = 0, epoch = epoch + 1, held = 1, lost_claims = 0, suspect = 0 WHERE id = $3 AND epoch = $4`,
			Args: []any{c.Stage, c.OpenAttempt, c.ID, c.Epoch},
			Rows: 1,
		}
	default: // MoveWait
		return Statement{
			SQL: `UPDATE work SET stage = $1, open_attempt = $2, owner = '', lease_until = 0, epoch = epoch + 1, due_at = $3,
 published_incarnation = '', published_at = 0, lost_claims = CASE WHEN $4 = 1 THEN 0 ELSE lost_claims END, suspect = $5 WHERE id = $6 AND epoch = $7`,
			Args: []any{c.Stage, c.OpenAttempt, domain.Micros(c.DueAt), asInt(c.Answered), c.Suspect, c.ID, c.Epoch},
			Rows: 1,
		}
	}
}

func writeCancel(p domain.Part) ([]Statement, error) {
	c := p.(domain.WorkCancel)
	return []Statement{{
		SQL:  `DELETE FROM work WHERE id = $1 AND open_attempt = ''`,
		Args: []any{c.ID}, Rows: 1, Err: c.Refused,
	}}, nil
}

func writeRelease(p domain.Part) ([]Statement, error) {
	r := p.(domain.WorkRelease)
	return []Statement{{
		SQL: `UPDATE work SET held = 0, due_at = $1, epoch = epoch + 1, published_incarnation = '', published_at = 0,
 open_attempt = CASE WHEN $2 = 1 THEN '' ELSE open_attempt END WHERE id = $3 AND held = 1`,
		Args: []any{domain.Micros(r.DueAt), asInt(r.Forget), r.ID}, Rows: 1, Err: r.Refused,
	}}, nil
}

func writeClose(p domain.Part) ([]Statement, error) {
	c := p.(domain.WorkClose)
	return []Statement{{
		SQL:  `DELETE FROM work WHERE id = $1 AND open_attempt = $2 AND held = 1`,
		Args: []any{c.ID, c.OpenAttempt}, Rows: 1, Err: c.Refused,
	}}, nil
}

// WakeNow makes a waiting row due at once, whoever owned it: there is news for
// it (a late answer, a webhook). A claimed or held row is left alone.
func WakeNow(id domain.WorkID, now time.Time) Statement {
	return Statement{
		SQL:  `UPDATE work SET due_at = $1 WHERE id = $2 AND owner = '' AND held = 0 AND due_at > $1`,
		Args: []any{domain.Micros(now), id}, Rows: AnyRows,
	}
}

// Claim takes rows for owner until lease. It is guard and fence in one: a row
// that is held, not due, claimed by a live owner or behind a closed gate is
// simply not among the answers.
func (s *Store) Claim(ctx context.Context, owner domain.NodeID, lease time.Duration, ids []domain.WorkID) ([]domain.Work, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	now := s.Now()
	args := []any{owner, domain.Micros(now.Add(lease)), domain.Micros(now)}
	list, more := List(len(args), ids)
	args = append(args, more...)
	// A claim whose lease ran out under a live owner was lost; it counts when
	// it left an effect in doubt.
	sql := `UPDATE work SET lost_claims = CASE WHEN owner <> '' AND open_attempt <> '' THEN lost_claims + 1 ELSE lost_claims END,
 owner = $1, epoch = epoch + 1, lease_until = $2, published_incarnation = '', published_at = 0
WHERE due_at <= $3 AND held = 0 AND (owner = '' OR lease_until <= $3) AND id IN (` + list + `)` + ready("$3") + `
RETURNING ` + workColumns
	var out []domain.Work
	err := s.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		out, err = scanWork(tx.Query(ctx, sql, args...))
		return err
	})
	if errors.Is(err, ErrUnknown) {
		// Run again, it would find its own rows claimed. What carries this
		// claim's owner and end is of this claim.
		out, err = scanWork(s.Reader().Query(ctx, `SELECT `+workColumns+` FROM work WHERE owner = $1 AND lease_until = $2 AND due_at <= $3 AND id IN (`+list+`)`, args...))
	}
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return out, nil
}

// PutOff gives claimed rows back until due, as they were claimed. A row that
// somebody else has claimed since is left alone.
func (s *Store) PutOff(ctx context.Context, rows []domain.Work, due time.Time) error {
	statements := make([]Statement, len(rows))
	for i, w := range rows {
		statements[i] = Statement{
			SQL:  `UPDATE work SET owner = '', lease_until = 0, due_at = $1, published_incarnation = '', published_at = 0, lost_claims = 0 WHERE id = $2 AND epoch = $3`,
			Args: []any{domain.Micros(due), w.ID, w.Epoch}, Rows: AnyRows,
		}
	}
	return s.Write(ctx, statements)
}

// PickRequest bounds one pick.
type PickRequest struct {
	// Streams gives for each stream its present incarnation and how many rows
	// may be published into it now.
	Streams map[string]StreamRoom
	// Lost also looks for rows that were published or claimed and lost.
	Lost bool
	// Stale is how long a published row may stay unclaimed.
	Stale time.Duration
}

// StreamRoom is one stream's incarnation and room.
type StreamRoom struct {
	Incarnation string
	Room        int
}

// Pick marks due, open rows as published, fairly over environments, and
// returns them. The caller publishes them; one that is not published comes due
// again by itself, or at once through Unpublish.
func (s *Store) Pick(ctx context.Context, r PickRequest) ([]domain.Work, error) {
	var out []domain.Work
	for stream, room := range r.Streams {
		if room.Room <= 0 || room.Incarnation == "" {
			continue
		}
		rows, err := s.pickStream(ctx, stream, room, r)
		if err != nil {
			return out, fmt.Errorf("pick %s: %w", stream, err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (s *Store) pickStream(ctx context.Context, stream string, room StreamRoom, r PickRequest) ([]domain.Work, error) {
	now := s.Now()
	condition, args := pickCondition(stream, room.Incarnation, now, r)
	// The cheap look first: mostly nothing is due, and a read costs no commit.
	due, err := scanWork(s.Reader().Query(ctx, `SELECT `+workColumns+` FROM work WHERE `+condition+` LIMIT 1`, args...))
	if err != nil || len(due) == 0 {
		return nil, err
	}
	args = append(args, int64(room.Room))
	// The condition stands twice: PostgreSQL tests what stands beside the lock
	// again when another node has changed the row meanwhile, and a row that was
	// claimed just now must not lose its owner.
	sql := fmt.Sprintf(`UPDATE work SET published_incarnation = $1, published_at = $2, owner = '', lease_until = 0,
 lost_claims = CASE WHEN owner <> '' AND open_attempt <> '' THEN lost_claims + 1 ELSE lost_claims END
WHERE id IN (SELECT id FROM work WHERE id IN (
  SELECT id FROM (SELECT id, due_at, ROW_NUMBER() OVER (PARTITION BY environment_id ORDER BY due_at, id) AS turn FROM work WHERE %[1]s) ranked
  ORDER BY turn, due_at, id LIMIT $%[2]d) AND %[1]s%[3]s)
RETURNING %[4]s`, condition, len(args), s.SkipLocked(), workColumns)
	var out []domain.Work
	err = s.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		out, err = scanWork(tx.Query(ctx, sql, args...))
		return err
	})
	if errors.Is(err, ErrUnknown) {
		// What carries this pick's mark is of this pick, or of one that came to
		// publish it in the same moment.
		return scanWork(s.Reader().Query(ctx, `SELECT `+workColumns+` FROM work
WHERE published_incarnation = $1 AND published_at = $2 AND stream = $3 AND owner = ''`, args[:3]...))
	}
	return out, err
}

// pickCondition is what makes a row due for publishing. Without Lost it is
// served by the index work_unpublished alone. The first two parameters are
// those that the update sets, so that both statements share one list.
func pickCondition(stream, incarnation string, now time.Time, r PickRequest) (string, []any) {
	args := []any{incarnation, domain.Micros(now), stream}
	common := `CAST($1 AS TEXT) <> '' AND due_at <= $2 AND held = 0 AND stream = $3` + ready("$2")
	if !r.Lost {
		return common + ` AND owner = '' AND published_incarnation = ''`, args
	}
	return common + ` AND (
 (owner = '' AND (published_incarnation = '' OR published_incarnation <> $1 OR published_at <= $4))
 OR (owner <> '' AND lease_until <= $2))`, append(args, domain.Micros(now.Add(-r.Stale)))
}

// Unpublish takes back the marks of rows that could not be published, or were
// for nothing. A claimed row is left alone.
func (s *Store) Unpublish(ctx context.Context, ids []domain.WorkID) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := List(0, ids)
	return s.Write(ctx, []Statement{{
		SQL:  `UPDATE work SET published_incarnation = '', published_at = 0 WHERE owner = '' AND id IN (` + list + `)`,
		Args: args, Rows: AnyRows,
	}})
}

// Waiting are the times at which those of the rows come due that wait
// unpublished for nothing but their time or their gate.
func (s *Store) Waiting(ctx context.Context, ids []domain.WorkID) ([]time.Time, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := List(0, ids)
	rows, err := s.Reader().Query(ctx, `SELECT DISTINCT due_at FROM work WHERE published_incarnation = '' AND owner = '' AND held = 0 AND id IN (`+list+`)`, args...)
	if err != nil {
		return nil, err
	}
	return scanTimes(rows)
}

// ComingDue are the times after from, and until then, at which unpublished rows
// come due: the first in each grain, the soonest first, and not more than limit.
func (s *Store) ComingDue(ctx context.Context, from, until time.Time, grain time.Duration, limit int) ([]time.Time, error) {
	rows, err := s.Reader().Query(ctx, `SELECT MIN(due_at) FROM work
WHERE published_incarnation = '' AND owner = '' AND held = 0 AND due_at > $1 AND due_at <= $2 GROUP BY due_at / $3 ORDER BY 1 LIMIT $4`,
		domain.Micros(from), domain.Micros(until), grain.Microseconds(), int64(limit))
	if err != nil {
		return nil, err
	}
	return scanTimes(rows)
}

func scanTimes(rows Rows) ([]time.Time, error) {
	defer rows.Close()
	var out []time.Time
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return nil, err
		}
		out = append(out, domain.FromMicros(at))
	}
	return out, rows.Err()
}

// Streams lists the streams that have unfinished work.
func (s *Store) Streams(ctx context.Context) ([]string, error) {
	rows, err := s.Reader().Query(ctx, `SELECT DISTINCT stream FROM work`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// Backlog counts unfinished messages, in all and in each environment.
func (s *Store) Backlog(ctx context.Context) (total int, byEnvironment map[domain.EnvironmentID]int, err error) {
	return s.countWork(ctx, `kind = 'message' AND held = 0`)
}

// Queue is what waits on a stream.
type Queue struct {
	// Depth is the number of unfinished rows that are not held.
	Depth int64
	// OldestDue is when the oldest of them that nobody has claimed came due, zero
	// when none is due.
	OldestDue time.Time
}

// QueueOf counts what waits on a stream.
func (s *Store) QueueOf(ctx context.Context, stream string) (q Queue, err error) {
	rows, err := s.Reader().Query(ctx, `SELECT COUNT(*), COALESCE(MIN(CASE WHEN owner = '' AND due_at <= $1 THEN due_at END), 0)
FROM work WHERE stream = $2 AND held = 0`, domain.Micros(s.Now()), stream)
	if err != nil {
		return q, fmt.Errorf("count the queue of %s: %w", stream, err)
	}
	defer rows.Close()
	for rows.Next() {
		var due int64
		if err := rows.Scan(&q.Depth, &due); err != nil {
			return q, err
		}
		q.OldestDue = domain.FromMicros(due)
	}
	return q, rows.Err()
}

// DueDeliveries counts the deliveries that could be attempted now and wait for
// it, in all and in each environment. Those of a receiver that is left alone for
// a while are not among them.
func (s *Store) DueDeliveries(ctx context.Context) (total int, byEnvironment map[domain.EnvironmentID]int, err error) {
	return s.countWork(ctx, `kind = 'delivery' AND held = 0 AND owner = '' AND due_at <= $1`+ready("$1"), domain.Micros(s.Now()))
}

func (s *Store) countWork(ctx context.Context, condition string, args ...any) (total int, byEnvironment map[domain.EnvironmentID]int, err error) {
	rows, err := s.Reader().Query(ctx, `SELECT environment_id, COUNT(*) FROM work WHERE `+condition+` GROUP BY environment_id`, args...)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	byEnvironment = map[domain.EnvironmentID]int{}
	for rows.Next() {
		var env domain.EnvironmentID
		var n int64
		if err := rows.Scan(&env, &n); err != nil {
			return 0, nil, err
		}
		byEnvironment[env] = int(n)
		total += int(n)
	}
	return total, byEnvironment, rows.Err()
}

// WorkOf reads one row, ErrNotFound when the work is finished.
func (s *Store) WorkOf(ctx context.Context, id domain.WorkID) (domain.Work, bool, error) {
	rows, err := s.Reader().Query(ctx, `SELECT `+workColumns+`, held FROM work WHERE id = $1`, id)
	if err != nil {
		return domain.Work{}, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var held int64
		w, err := scanOne(rows, &held)
		return w, held == 1, err
	}
	if err := rows.Err(); err != nil {
		return domain.Work{}, false, err
	}
	return domain.Work{}, false, ErrNotFound
}

func scanWork(rows Rows, err error) ([]domain.Work, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []domain.Work
	for rows.Next() {
		w, err := scanOne(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

func scanOne(rows Rows, extra ...any) (domain.Work, error) {
	var w domain.Work
	var due, lease, lost, suspect, version int64
	dest := append([]any{&w.ID, &w.Kind, &w.Stream, &w.Environment, &w.Connection, &w.Gate, &w.Stage, &due, &w.Epoch, &w.Owner, &lease, &lost, &suspect, &w.OpenAttempt, &version, &w.Lane}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return domain.Work{}, err
	}
	w.DueAt, w.LeaseUntil = domain.FromMicros(due), domain.FromMicros(lease)
	w.LostClaims, w.Suspect, w.FlowVersion = int(lost), int(suspect), int(version)
	return w, nil
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
