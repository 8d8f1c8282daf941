package work

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// Node says that this process lives and frees what lapsed ones held.
type Node struct {
	store *store.Store
	log   *slog.Logger
	every time.Duration

	self store.Node
	// freed are the heartbeats of lapsed nodes whose claims are free: a node
	// that never comes back costs one look.
	freed map[domain.NodeID]time.Time

	draining atomic.Bool
	changed  chan struct{} // draining has changed
}

// Heartbeat is how often a node says that it lives: three may be missed.
const Heartbeat = 3 * time.Second

// NewNode makes this process's node. Its id is new at each start, so that a
// restarted process never takes its former self's claims for its own.
func NewNode(s *store.Store, version, roles string, log *slog.Logger) *Node {
	return &Node{
		store: s, log: log, every: Heartbeat,
		self:  store.Node{ID: domain.NewID[domain.NodeID](domain.PrefixNode), Version: version, Roles: roles, StartedAt: s.Now()},
		freed: map[domain.NodeID]time.Time{}, changed: make(chan struct{}, 1),
	}
}

// ID is the owner name of this process's claims.
func (n *Node) ID() domain.NodeID { return n.self.ID }

// forgetAfter is how long a node is remembered that is not heard of any more.
const forgetAfter = 7 * 24 * time.Hour

// Start stores the node; claims of lapsed nodes are freed. On an embedded
// database, which no other process serves, all claims are.
func (n *Node) Start(ctx context.Context) error {
	free := n.sweep
	if !n.store.Postgres() {
		free = n.store.FreeAll
	}
	if err := n.beat(ctx); err != nil {
		return err
	}
	if err := free(ctx); err != nil {
		return err
	}
	return n.store.ForgetNodes(ctx, n.store.Now().Add(-forgetAfter))
}

// beat says that the node lives, and hears whether it shall drain.
func (n *Node) beat(ctx context.Context) error {
	if err := n.store.Heartbeat(ctx, &n.self); err != nil {
		return err
	}
	drain := !n.self.DrainAt.IsZero()
	if n.draining.Swap(drain) == drain {
		return nil
	}
	n.log.Warn("an operator drains this node, or ends that", "draining", drain)
	select {
	case n.changed <- struct{}{}:
	default:
	}
	return nil
}

// Draining reports whether operators want this node to read no new work.
func (n *Node) Draining() bool { return n.draining.Load() }

// Changed gets a token after Draining has changed.
func (n *Node) Changed() <-chan struct{} { return n.changed }

// Run beats until ctx ends.
func (n *Node) Run(ctx context.Context) error {
	tick := time.NewTicker(failpoint.Scale(n.every))
	defer tick.Stop()
	for beats := 1; ; beats++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := n.beat(ctx)
		if err == nil && n.store.Postgres() {
			err = n.sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			n.log.Warn("heartbeat", "error", err)
		}
	}
}

// Stop releases what is left and says so; call it when all walks have ended.
func (n *Node) Stop(ctx context.Context) error { return n.store.Leave(ctx, n.self.ID) }

// sweep frees the claims of other nodes whose heartbeat has lapsed: this one
// lives, however long its own took to be stored. It runs in Start, then in Run.
func (n *Node) sweep(ctx context.Context) error {
	nodes, err := n.store.Nodes(ctx)
	if err != nil {
		return err
	}
	now := n.store.Now()
	var errs []error
	for _, other := range nodes {
		if other.ID == n.self.ID || other.Live(now) || n.freed[other.ID].Equal(other.HeartbeatAt) {
			continue
		}
		freed, err := n.store.FreeLapsed(ctx, other.ID)
		errs = append(errs, err)
		if err == nil {
			n.freed[other.ID] = other.HeartbeatAt
		}
		if freed > 0 {
			n.log.Warn("freed the claims of a lapsed node", "node", other.ID, "claims", freed)
		}
	}
	return errors.Join(errs...)
}

// Lapsed tells which of the given nodes are not alive, for the bus: only a
// lapsed node's pending entries may be taken over.
func (n *Node) Lapsed(ctx context.Context, ids []domain.NodeID) ([]domain.NodeID, error) {
	nodes, err := n.store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	now := n.store.Now()
	live := map[domain.NodeID]bool{n.self.ID: true}
	for _, other := range nodes {
		live[other.ID] = live[other.ID] || other.Live(now)
	}
	var out []domain.NodeID
	for _, id := range ids {
		if !live[id] {
			out = append(out, id)
		}
	}
	return out, nil
}
