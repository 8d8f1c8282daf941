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
}

// LapseAfter is how long a node may be silent before its claims are free.
const LapseAfter = 10 * time.Second

// Heartbeat stores that the node lives.
func (s *Store) Heartbeat(ctx context.Context, n Node) error {
	now := domain.Micros(s.Now())
	return s.Write(ctx, []Statement{{
		SQL: `INSERT INTO node (id, version, roles, started_at, heartbeat_at, clock_offset, stopped_at) VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, clock_offset = excluded.clock_offset`,
		Args: []any{n.ID, n.Version, n.Roles, domain.Micros(n.StartedAt), now, n.ClockOffset.Microseconds()}, Rows: 1,
	}})
}

// Leave releases all that the node holds and says that it stopped in order.
func (s *Store) Leave(ctx context.Context, id domain.NodeID) error {
	return s.Write(ctx, []Statement{
		{SQL: `UPDATE work SET owner = '', lease_until = 0, lost_claims = 0 WHERE owner = $1`, Args: []any{id}, Rows: AnyRows},
		{SQL: `UPDATE node SET stopped_at = $1 WHERE id = $2`, Args: []any{domain.Micros(s.Now()), id}, Rows: AnyRows},
	})
}

// Nodes lists all nodes that are known.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	rows, err := s.Reader().Query(ctx, `SELECT id, version, roles, started_at, heartbeat_at, clock_offset, stopped_at FROM node ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Node
	for rows.Next() {
		var n Node
		var started, beat, offset, stopped int64
		if err := rows.Scan(&n.ID, &n.Version, &n.Roles, &started, &beat, &offset, &stopped); err != nil {
			return nil, err
		}
		n.StartedAt, n.HeartbeatAt, n.StoppedAt = domain.FromMicros(started), domain.FromMicros(beat), domain.FromMicros(stopped)
		n.ClockOffset = time.Duration(offset) * time.Microsecond
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

// FreeLapsed gives back the claims of a node that lapsed. A claim that was
// alone when its node died and left an effect in doubt counts as lost; among
// others it is innocent.
func (s *Store) FreeLapsed(ctx context.Context, id domain.NodeID) (int64, error) {
	var n int64
	err := s.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		n, err = freeOwned(ctx, tx, id)
		return err
	})
	return n, err
}

// FreeAll gives back every claim and every publication: the start of the only
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
		_, err = tx.Exec(ctx, `UPDATE work SET published_incarnation = '', published_at = 0 WHERE published_incarnation <> ''`)
		return err
	})
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

// Lease takes or renews a named lease, so that one node at a time does a job.
func (s *Store) Lease(ctx context.Context, name string, owner domain.NodeID, d time.Duration) (bool, error) {
	now := s.Now()
	err := s.Write(ctx, []Statement{{
		SQL: `INSERT INTO lease (name, owner, lease_until) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until WHERE lease.owner = excluded.owner OR lease.lease_until <= $4`,
		Args: []any{name, owner, domain.Micros(now.Add(d)), domain.Micros(now)}, Rows: 1, Err: ErrConflict,
	}})
	if err == nil {
		return true, nil
	}
	if isConflict(err) {
		return false, nil
	}
	return false, err
}
