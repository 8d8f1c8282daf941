package work

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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

	mu   sync.Mutex
	self store.Node
	live map[domain.NodeID]bool // of the others, at the last look
}

// Heartbeat is how often a node says that it lives: three may be missed.
const Heartbeat = 3 * time.Second

// NewNode makes this process's node. Its id is new at each start, so that a
// restarted process never takes its former self's claims for its own.
func NewNode(s *store.Store, version, roles string, log *slog.Logger) *Node {
	return &Node{
		store: s, log: log, every: Heartbeat,
		self: store.Node{ID: domain.NewID[domain.NodeID](domain.PrefixNode), Version: version, Roles: roles, StartedAt: s.Now()},
		live: map[domain.NodeID]bool{},
	}
}

// ID is the owner name of this process's claims.
func (n *Node) ID() domain.NodeID { return n.self.ID }

// Start stores the node; claims of lapsed nodes are freed. On an embedded
// database, which no other process serves, all claims are.
func (n *Node) Start(ctx context.Context) error {
	if !n.store.Postgres() {
		if err := n.store.FreeAll(ctx); err != nil {
			return err
		}
	}
	if err := n.store.Heartbeat(ctx, n.self); err != nil {
		return err
	}
	return n.sweep(ctx)
}

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
		err := n.store.Heartbeat(ctx, n.self)
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

// sweep frees the claims of nodes whose heartbeat has lapsed.
func (n *Node) sweep(ctx context.Context) error {
	nodes, err := n.store.Nodes(ctx)
	if err != nil {
		return err
	}
	now := n.store.Now()
	live := map[domain.NodeID]bool{}
	var errs []error
	for _, other := range nodes {
		if other.Live(now) {
			live[other.ID] = true
			continue
		}
		freed, err := n.store.FreeLapsed(ctx, other.ID)
		errs = append(errs, err)
		if freed > 0 {
			n.log.Warn("freed the claims of a lapsed node", "node", other.ID, "claims", freed)
		}
	}
	n.mu.Lock()
	n.live = live
	n.mu.Unlock()
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
