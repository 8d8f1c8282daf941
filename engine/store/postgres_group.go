package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// groupLockTimeout bounds how long a group waits for a row: two groups that
// hold what the other wants would else stop for the server's deadlock timeout.
// Who waited is then run alone, where it may wait as long as it must.
const groupLockTimeout = "SET LOCAL lock_timeout = '250ms'"

const (
	maxRounds  = 3 // of one group, each without those who spoilt the last
	maxRepeats = 8 // of one member alone, after deadlocks and the like
)

// commit brings every member to its verdict.
func (d *postgresDB) commit(group []*member) {
	start := time.Now()
	err := d.settle(group)
	d.stats.committed(group, time.Since(start), err)
	for _, m := range group {
		m.finish()
	}
}

// settle commits the group in one transaction. Members whose counts are wrong
// or whose SQL fails spoil it for all, so it is rolled back and tried without
// them; they run alone afterwards, against what is then committed. The error
// is why the first transaction was lost, for the statistics.
func (d *postgresDB) settle(group []*member) (lost error) {
	var alone []*member
	rest := slices.Clone(group)
	for round := 0; len(rest) > 1 && round < maxRounds; round++ {
		spoilers, err := d.try(rest)
		if err == nil && len(spoilers) == 0 {
			rest = nil
			break
		}
		if lost == nil {
			lost = errors.Join(err, firstVerdict(spoilers))
		}
		if isUnavailable(err) || errors.Is(err, ErrUnknown) {
			verdict(rest, err)
			rest = nil
			break
		}
		if err != nil { // nobody to blame
			break
		}
		alone = append(alone, spoilers...)
		rest = without(rest, spoilers)
	}
	for _, m := range append(alone, rest...) {
		m.verdict = d.alone(m)
	}
	return lost
}

// alone runs one member in its own transaction, again after a deadlock.
func (d *postgresDB) alone(m *member) error {
	for repeat := 0; ; repeat++ {
		_, err := d.try([]*member{m})
		if err == nil {
			err = m.verdict
		}
		if !repeatable(err) || repeat == maxRepeats {
			return err
		}
		pause(m.ctx, repeat)
	}
}

// pause keeps two that met in a deadlock from meeting again.
func pause(ctx context.Context, repeat int) {
	t := time.NewTimer(rand.N(time.Duration(repeat+1) * 5 * time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// try runs members in one transaction: stored all, or nobody when there are
// spoilers (with their verdicts) or an error. A connection that turns out dead
// before COMMIT was sent has stored nothing, so one fresh one is tried.
func (d *postgresDB) try(members []*member) (spoilers []*member, err error) {
	spoilers, err = d.tryOnce(members)
	if isUnavailable(err) {
		d.writes.Reset()
		spoilers, err = d.tryOnce(members)
	}
	return spoilers, err
}

func (d *postgresDB) tryOnce(members []*member) ([]*member, error) {
	live := living(members)
	if len(live) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.CommitTimeout)
	defer cancel()
	conn, err := d.writes.Acquire(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	defer conn.Release()
	spoilers, err := runBatch(ctx, conn.Conn(), live)
	if err != nil || len(spoilers) > 0 {
		_, _ = conn.Exec(ctx, "ROLLBACK")
		return spoilers, err
	}
	return nil, commitPostgres(ctx, conn.Conn())
}

// living are the members whose callers still wait; the others get ctx.Err().
func living(members []*member) []*member {
	live := make([]*member, 0, len(members))
	for _, m := range members {
		if m.verdict = m.ctx.Err(); m.verdict == nil {
			live = append(live, m)
		}
	}
	return live
}

// runBatch sends BEGIN and all statements in one go and reads all counts.
func runBatch(ctx context.Context, conn *pgx.Conn, members []*member) ([]*member, error) {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	if len(members) > 1 {
		batch.Queue(groupLockTimeout)
	}
	head := batch.Len()
	for _, m := range members {
		for i := range m.statements {
			batch.Queue(m.statements[i].SQL, m.statements[i].Args...)
		}
	}
	results := conn.SendBatch(ctx, batch)
	defer results.Close()
	for range head {
		if _, err := results.Exec(); err != nil {
			return nil, batchError(conn, err)
		}
	}
	return readCounts(conn, results, members)
}

// readCounts gives the members whose counts are wrong. The first error aborts
// the rest of the batch, so it ends the reading.
func readCounts(conn *pgx.Conn, results pgx.BatchResults, members []*member) ([]*member, error) {
	var spoilers []*member
	for _, m := range members {
		for i := range m.statements {
			s := &m.statements[i]
			touched, err := readCount(results, s)
			if err != nil {
				return blame(conn, m, spoilers, err)
			}
			if m.verdict == nil {
				m.verdict = s.check(touched)
			}
		}
		if m.verdict != nil {
			spoilers = append(spoilers, m)
		}
	}
	return spoilers, nil
}

// readCount reads one statement's result.
func readCount(results pgx.BatchResults, s *Statement) (touched int64, err error) {
	if s.Into == nil {
		tag, err := results.Exec()
		return tag.RowsAffected(), err
	}
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(s.Into); err != nil {
			return 0, err
		}
		touched++
	}
	return touched, rows.Err()
}

// blame makes m a spoiler when the server refused its statement, and not when
// the connection broke.
func blame(conn *pgx.Conn, m *member, spoilers []*member, err error) ([]*member, error) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.SeverityUnlocalized != "ERROR" {
		return nil, batchError(conn, err)
	}
	if m.verdict == nil {
		m.verdict = postgresError(err)
	}
	return append(spoilers, m), nil
}

func batchError(conn *pgx.Conn, err error) error {
	err = postgresError(err)
	if conn.IsClosed() {
		return unavailable(err)
	}
	return err
}

// verdict gives err to all who were in a transaction that came to nothing or
// to nobody knows what; who had left before it keeps ctx.Err().
func verdict(members []*member, err error) {
	for _, m := range members {
		if m.verdict == nil || isUnavailable(err) {
			m.verdict = err
		}
	}
}

func firstVerdict(members []*member) error {
	if len(members) == 0 {
		return nil
	}
	return members[0].verdict
}

func without(members, gone []*member) []*member {
	return slices.DeleteFunc(members, func(m *member) bool { return slices.Contains(gone, m) })
}
