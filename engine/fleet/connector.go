package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
)

// Connector is a connector in one kind of environment over all nodes.
type Connector struct {
	Name        string
	Version     string // the newest that runs
	Digest      string // of the executable of that version, SHA-256 in hex
	Environment domain.EnvironmentKind
	// State is that of the instances together, Reason why, Since when the last
	// of them came into its state.
	State  pluginhost.State
	Reason string
	Since  time.Time
	// Order is what operators ask; the zero value when they never did.
	Order Order
	// Active is the version that operators have made the active one; the zero value
	// when they never did: each node runs what its folder had at its start.
	Active Version
	// Queue is what waits for it, over all tenants.
	Queue store.Queue
	// Instances are those of live nodes, by node.
	Instances []Instance
}

// Connectors are those that live nodes run or know to be installed, by name.
func (s *Service) Connectors(ctx context.Context, kind domain.EnvironmentKind) ([]Connector, error) {
	instances, err := s.instances(ctx)
	if err != nil {
		return nil, err
	}
	orders, err := s.orders(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := s.versions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Connector
	for k, list := range instances {
		if k.kind == kind {
			out = append(out, rolledUp(k, list))
		}
	}
	for _, status := range s.cfg.Host.Status() {
		if status.Environment == "" {
			c := rolledUp(key{status.Name, kind}, []Instance{{Node: s.cfg.Node, ReportedAt: s.cfg.Store.Now(), ConnectorStatus: status}})
			c.Instances = nil // there is no process
			out = append(out, c)
		}
	}
	for i := range out {
		c := &out[i]
		c.Order, c.Active = orders[key{c.Name, kind}], versions[key{c.Name, kind}]
		if c.Queue, err = s.cfg.Store.QueueOf(ctx, domain.ConnectorStream(c.Name, kind)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b Connector) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// severity orders the states, the worst last.
func severity(s pluginhost.State) int {
	return slices.Index([]pluginhost.State{
		pluginhost.StateRunning, pluginhost.StatePaused, pluginhost.StateStopped, pluginhost.StateStarting, pluginhost.StateRestarting,
		pluginhost.StateDegraded, pluginhost.StateCrashLoop, pluginhost.StateIncompatible,
	}, s)
}

// rolledUp is the instances of one connector as one. While one of them runs and
// another is in trouble the connector works, but not as it should.
func rolledUp(k key, list []Instance) Connector {
	c := Connector{Name: k.connector, Environment: k.kind, Instances: list}
	worst := slices.MaxFunc(list, func(a, b Instance) int { return cmp.Compare(severity(a.State), severity(b.State)) })
	running := 0
	for _, in := range list {
		if in.State == pluginhost.StateRunning {
			running++
		}
		if in.Since.After(c.Since) {
			c.Since = in.Since
		}
		if in.Version >= c.Version {
			c.Version, c.Digest = in.Version, in.Digest
		}
	}
	c.State, c.Reason = worst.State, worst.Reason
	if running > 0 && severity(worst.State) >= severity(pluginhost.StateDegraded) {
		c.State = pluginhost.StateDegraded
	}
	if len(list) > 1 && running < len(list) {
		c.Reason = fmt.Sprintf("%d of %d nodes run it; on %s it is %s: %s", running, len(list), worst.Node, worst.State, worst.Reason)
	}
	return c
}
