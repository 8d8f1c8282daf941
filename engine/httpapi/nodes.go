package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
)

// fleetNodeView is one engine process.
type fleetNodeView struct {
	ID            domain.NodeID       `json:"id"`
	Version       string              `json:"version"`
	Roles         string              `json:"roles"`
	Live          bool                `json:"live"`
	Draining      bool                `json:"draining"`
	StartedAt     string              `json:"startedAt"`
	HeartbeatAt   string              `json:"heartbeatAt"`
	StoppedAt     *string             `json:"stoppedAt"`
	ClockOffsetMs float64             `json:"clockOffsetMs"`
	Claims        int64               `json:"claims"`
	Leases        []string            `json:"leases"`
	Connectors    []nodeConnectorView `json:"connectors"`
}

type nodeConnectorView struct {
	Name        string                 `json:"name"`
	Environment domain.EnvironmentKind `json:"environment"`
	Version     string                 `json:"version"`
	State       string                 `json:"state"`
	Reason      *string                `json:"reason"`
}

func (a *api) listNodes(w http.ResponseWriter, r *http.Request) error {
	nodes, err := a.cfg.Fleet.Nodes(r.Context())
	if err != nil {
		return err
	}
	out := page[fleetNodeView]{Data: []fleetNodeView{}}
	for _, n := range nodes {
		v := fleetNodeView{
			ID: n.ID, Version: n.Version, Roles: n.Roles, Live: n.Live, Draining: !n.DrainAt.IsZero(), StartedAt: wire(n.StartedAt), HeartbeatAt: wire(n.HeartbeatAt),
			StoppedAt: domain.FormatTime(n.StoppedAt), ClockOffsetMs: millis(n.ClockOffset), Claims: n.Claims, Leases: append([]string{}, n.Leases...),
			Connectors: []nodeConnectorView{},
		}
		for _, in := range n.Instances {
			v.Connectors = append(v.Connectors, nodeConnectorView{
				Name: in.Name, Environment: in.Environment, Version: in.Version, State: string(in.State), Reason: text(in.Reason),
			})
		}
		out.Data = append(out.Data, v)
	}
	return answer(w, http.StatusOK, out)
}
