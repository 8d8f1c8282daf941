package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Node is an engine process with what it holds.
type Node struct {
	store.Node
	Live   bool
	Claims int64    // rows of work
	Leases []string // by name
	// Instances are its connectors, as it told last.
	Instances []Instance
}

// Nodes are all that are known, the youngest first. One that stopped or was lost
// is forgotten after a week.
func (s *Service) Nodes(ctx context.Context) ([]Node, error) {
	nodes, err := s.cfg.Store.Nodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nodes: %w", err)
	}
	claims, leases, err := s.cfg.Store.Holdings(ctx)
	if err != nil {
		return nil, err
	}
	connectors, err := s.instances(ctx)
	if err != nil {
		return nil, err
	}
	held := map[domain.NodeID][]Instance{}
	for _, list := range connectors {
		for _, in := range list {
			held[in.Node] = append(held[in.Node], in)
		}
	}
	now := s.cfg.Store.Now()
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		instances := held[n.ID]
		slices.SortFunc(instances, func(a, b Instance) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Environment, b.Environment))
		})
		out[i] = Node{Node: n, Live: n.Live(now), Claims: claims[n.ID], Leases: leases[n.ID], Instances: instances}
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Compare(b.ID, a.ID) })
	return out, nil
}
