package store

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Node is one engine process as the others see it.
type Node struct {
	ID          domain.NodeID
	Version     string
	Roles       string
	StartedAt   time.Time
	HeartbeatAt time.Time
	ClockOffset time.Duration
	StoppedAt   time.Time
	// DrainAt is when operators asked it to read no new work; zero when they did
	// not.
	DrainAt time.Time
}

// LapseAfter is how long a node may be silent before its claims are free.
const LapseAfter = 10 * time.Second

// Heartbeat stores that the node lives, and sets its DrainAt.
func (s *Store) Heartbeat(ctx context.Context, n *Node) error {
	now := domain.Micros(s.Now())
	var drain int64
	err := s.Write(ctx, []Statement{{
		SQL: `INSERT INTO node (id, version, roles, started_at, heartbeat_at, clock_offset, stopped_at) VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, clock_offset = excluded.clock_offset RETURNING drain_at`,
		Args: []any{n.ID, n.Version, n.Roles, domain.Micros(n.StartedAt), now, n.ClockOffset.Microseconds()}, Rows: 1, Into: &drain,
	}})
	if err == nil {
		n.DrainAt = domain.FromMicros(drain)
	}
	return err
}

// Drain asks a node to read no new work, or ends that. It is ErrNotFound for one
// that is not known or has stopped.
func (s *Store) Drain(ctx context.Context, id domain.NodeID, drain bool) error {
	at := int64(0)
	if drain {
		at = domain.Micros(s.Now())
	}
	return s.Write(ctx, []Statement{{
		SQL:  `UPDATE node SET drain_at = $1 WHERE id = $2 AND stopped_at = 0`,
		Args: []any{at, id}, Rows: 1, Err: ErrNotFound,
	}})
}

// Holdings are what nodes hold now: how much work each has claimed, and the
// names of the leases it has.
func (s *Store) Holdings(ctx context.Context) (claims map[domain.NodeID]int64, leases map[domain.NodeID][]string, err error) {
	claims, leases = map[domain.NodeID]int64{}, map[domain.NodeID][]string{}
	err = s.each(ctx, func(rows Rows) error {
		var id domain.NodeID
		var n int64
		err := rows.Scan(&id, &n)
		claims[id] = n
		return err
	}, `SELECT owner, COUNT(*) FROM work WHERE owner <> '' GROUP BY owner`)
	if err != nil {
		return nil, nil, fmt.Errorf("count claims: %w", err)
	}
	err = s.each(ctx, func(rows Rows) error {
		var id domain.NodeID
		var name string
		err := rows.Scan(&id, &name)
		leases[id] = append(leases[id], name)
		return err
	}, `SELECT owner, name FROM lease WHERE lease_until > $1 ORDER BY owner, name`, domain.Micros(s.Now()))
	if err != nil {
		return nil, nil, fmt.Errorf("list leases: %w", err)
	}
	return claims, leases, nil
}

// each reads all rows of a query.
func (s *Store) each(ctx context.Context, scan func(Rows) error, sql string, args ...any) error {
	rows, err := s.Reader().Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Leave releases all that the node holds and says that it stopped in order.
func (s *Store) Leave(ctx context.Context, id domain.NodeID) error {
	return s.Write(ctx, []Statement{
		{SQL: `UPDATE work SET owner = '', lease_until = 0, lost_claims = 0 WHERE owner = $1`, Args: []any{id}, Rows: AnyRows},
		leftLeases(id),
		{SQL: `UPDATE node SET stopped_at = $1 WHERE id = $2`, Args: []any{domain.Micros(s.Now()), id}, Rows: AnyRows},
	})
}

// Nodes lists all nodes that are known.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	rows, err := s.Reader().Query(ctx, `SELECT id, version, roles, started_at, heartbeat_at, clock_offset, stopped_at, drain_at FROM node ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Node
	for rows.Next() {
		var n Node
		var started, beat, offset, stopped, drain int64
		if err := rows.Scan(&n.ID, &n.Version, &n.Roles, &started, &beat, &offset, &stopped, &drain); err != nil {
			return nil, err
		}
		n.StartedAt, n.HeartbeatAt, n.StoppedAt = domain.FromMicros(started), domain.FromMicros(beat), domain.FromMicros(stopped)
		n.ClockOffset, n.DrainAt = time.Duration(offset)*time.Microsecond, domain.FromMicros(drain)
		out = append(out, n)
	}
	return out, rows.Err()
}

// ForgetNodes drops nodes that were last heard of before a time and claim
// nothing.
func (s *Store) ForgetNodes(ctx context.Context, before time.Time) error {
	return s.Write(ctx, []Statement{{
		SQL:  `DELETE FROM node WHERE heartbeat_at < $1 AND NOT EXISTS (SELECT 1 FROM work WHERE work.owner = node.id)`,
		Args: []any{domain.Micros(before)}, Rows: AnyRows,
	}})
}

// Live reports whether the node's heartbeat has not lapsed.
func (n Node) Live(now time.Time) bool {
	return n.StoppedAt.IsZero() && now.Sub(n.HeartbeatAt) < LapseAfter
}

// FreeLapsed gives back the claims and leases of a node that lapsed. A claim that was
// alone when its node died and left an effect in doubt counts as lost; among
// others it is innocent. Rows that were published around its last heartbeat and
// that nobody has claimed are taken back: the node may have stored them and died
// before it rang. Of those that it did ring, the second envelope finds nothing.
func (s *Store) FreeLapsed(ctx context.Context, id domain.NodeID) (int64, error) {
	var n int64
	err := s.Update(ctx, func(ctx context.Context, tx Tx) error {
		left := leftLeases(id)
		if _, err := tx.Exec(ctx, left.SQL, left.Args...); err != nil {
			return fmt.Errorf("free leases of %s: %w", id, err)
		}
		if err := takeBack(ctx, tx, id); err != nil {
			return fmt.Errorf("take back what %s may not have published: %w", id, err)
		}
		var err error
		n, err = freeOwned(ctx, tx, id)
		return err
	})
	return n, err
}

// FreeAll gives back every claim, every lease and every publication: the start of the only
// process on an embedded database, whose bus began empty too.
func (s *Store) FreeAll(ctx context.Context) error {
	return s.Update(ctx, func(ctx context.Context, tx Tx) error {
		rows, err := tx.Query(ctx, `SELECT DISTINCT owner FROM work WHERE owner <> ''`)
		if err != nil {
			return err
		}
		var owners []domain.NodeID
		for rows.Next() {
			var id domain.NodeID
			if err := rows.Scan(&id); err != nil {
				rows.Close()
				return err
			}
			owners = append(owners, id)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		for _, id := range owners {
			if _, err := freeOwned(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM lease`); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE work SET published_incarnation = '', published_at = 0 WHERE published_incarnation <> ''`)
		return err
	})
}

// takeBack makes rows due again that were stored as published around the last
// heartbeat of a node and are still unclaimed.
func takeBack(ctx context.Context, tx Tx, id domain.NodeID) error {
	rows, err := tx.Query(ctx, `SELECT heartbeat_at FROM node WHERE id = $1`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	var beats []int64
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return err
		}
		beats = append(beats, at)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, at := range beats {
		around := LapseAfter.Microseconds()
		if _, err := tx.Exec(ctx, `UPDATE work SET published_incarnation = '', published_at = 0
WHERE owner = '' AND published_at BETWEEN $1 AND $2`, at-around, at+around); err != nil {
			return err
		}
	}
	return nil
}

func freeOwned(ctx context.Context, tx Tx, id domain.NodeID) (int64, error) {
	rows, err := tx.Query(ctx, `SELECT COUNT(*) FROM work WHERE owner = $1`, id)
	if err != nil {
		return 0, err
	}
	var owned int64
	for rows.Next() {
		if err := rows.Scan(&owned); err != nil {
			rows.Close()
			return 0, err
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil || owned == 0 {
		return 0, err
	}
	n, err := tx.Exec(ctx, `UPDATE work SET lost_claims = CASE WHEN open_attempt <> '' AND $1 = 1 THEN lost_claims + 1 ELSE lost_claims END,
 owner = '', lease_until = 0, published_incarnation = '', published_at = 0 WHERE owner = $2`, owned, id)
	if err != nil {
		return 0, fmt.Errorf("free claims of %s: %w", id, err)
	}
	return n, nil
}
