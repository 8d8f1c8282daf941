package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// nodeCmd looks after the engine processes of an installation.
type nodeCmd struct {
	List  nodeListCmd  `cmd:"" help:"List the nodes: what each is and holds."`
	Drain nodeDrainCmd `cmd:"" help:"Let a node end what it has and read no new work."`
}

type nodeListCmd struct{ installation }

// Run prints a table, the youngest node last.
func (c *nodeListCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		nodes, err := o.store.Nodes(ctx)
		if err != nil {
			return err
		}
		claims, leases, err := o.store.Holdings(ctx)
		head := []string{"ID", "VERSION", "ROLES", "STATE", "STARTED", "HEARTBEAT", "CLOCK", "CLAIMS", "LEASES"}
		return list(p.out, head, nodes, err, func(n store.Node) []string {
			return []string{
				string(n.ID), n.Version, n.Roles, nodeState(n, o.store), day(n.StartedAt), day(n.HeartbeatAt),
				n.ClockOffset.String(), fmt.Sprint(claims[n.ID]), strings.Join(leases[n.ID], ","),
			}
		})
	})
}

// nodeState says in a word how a node is.
func nodeState(n store.Node, s *store.Store) string {
	switch {
	case !n.StoppedAt.IsZero():
		return "stopped"
	case !n.Live(s.Now()):
		return "lost"
	case !n.DrainAt.IsZero():
		return "draining"
	}
	return "running"
}

type nodeDrainCmd struct {
	installation
	Node string `arg:"" help:"Id of the node (afara node list)."`
	End  bool   `help:"Let it read new work again."`
}

// Run asks the node; it obeys with its next heartbeat.
func (c *nodeDrainCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		err := o.store.Drain(ctx, domain.NodeID(c.Node), !c.End)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("node: no running node has the id %q: list them (afara node list)", c.Node)
		}
		if err != nil {
			return err
		}
		said := "drains within seconds: it reads no new work, /readyz says 503, and its claims fall to 0 (afara node list)"
		if c.End {
			said = "reads new work again within seconds"
		}
		_, err = fmt.Fprintf(p.out, "%s %s\n", c.Node, said)
		return err
	})
}
