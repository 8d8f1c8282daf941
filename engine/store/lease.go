package store

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

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

// HeldLease is the fence of what only the lease's holder may write, first in a
// transaction of more: it renews the lease for d, and whoever has lost it gets
// ErrStale and stores nothing. A lease that ran out and that nobody has taken
// since is still its holder's.
func (s *Store) HeldLease(name string, owner domain.NodeID, d time.Duration) Statement {
	return Statement{
		SQL:  `UPDATE lease SET lease_until = $1 WHERE name = $2 AND owner = $3`,
		Args: []any{domain.Micros(s.Now().Add(d)), name, owner}, Rows: 1,
	}
}

// FreedLease gives the lease back, if it is still the owner's.
func FreedLease(name string, owner domain.NodeID) Statement {
	return Statement{SQL: `DELETE FROM lease WHERE name = $1 AND owner = $2`, Args: []any{name, owner}, Rows: AnyRows}
}

// leftLeases frees all leases of a node.
func leftLeases(owner domain.NodeID) Statement {
	return Statement{SQL: `DELETE FROM lease WHERE owner = $1`, Args: []any{owner}, Rows: AnyRows}
}
