package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNodesLive is work for an idle installation while nodes serve it.
var ErrNodesLive = errors.New("store: nodes are live")

// Restart takes back every claim and publication and gives each work row a new
// epoch: whoever still walks a message from before is fenced off, and whatever
// stands on the bus means nothing. It is for a database that was restored, and
// refused with ErrNodesLive while others serve it.
func (s *Store) Restart(ctx context.Context) error {
	if err := s.alone(ctx); err != nil {
		return err
	}
	return s.Write(ctx, []Statement{{
		SQL:  `UPDATE work SET owner = '', lease_until = 0, epoch = epoch + 1, published_incarnation = '', published_at = 0, lost_claims = 0, suspect = 0`,
		Rows: AnyRows,
	}})
}

// alone: the holder of a SQLite file's lock is. On PostgreSQL no heartbeat may
// be younger than what lapses, those in a fresh backup included.
func (s *Store) alone(ctx context.Context) error {
	if !s.Postgres() {
		if s.cfg.Admin {
			return fmt.Errorf("%w: perhaps: this process did not take the lock", ErrNodesLive)
		}
		return nil
	}
	nodes, err := s.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if n.Live(s.Now()) {
			return fmt.Errorf("%w: %s was seen %s ago: stop it, wait %s and try again",
				ErrNodesLive, n.ID, s.Now().Sub(n.HeartbeatAt).Round(time.Second), LapseAfter)
		}
	}
	return nil
}
