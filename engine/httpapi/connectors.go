package httpapi

import (
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
)

// connectorView is a connector as the caller's environment meets it. Other
// tenants' connections, settings and the connector's log are not in it. One
// process serves all tenants, so what it counts of all their calls, InFlight,
// LastError and Operations, is for keys with the scope ops; nil for others.
type connectorView struct {
	Name          string                 `json:"name"`
	Version       string                 `json:"version"`
	Environment   domain.EnvironmentKind `json:"environment"`
	State         string                 `json:"state"`
	Reason        *string                `json:"reason"`
	Since         *string                `json:"since"`
	StartedAt     *string                `json:"startedAt"`
	Restarts      int                    `json:"restarts"`
	InFlight      *int                   `json:"inFlight"`
	Digest        *string                `json:"digest"`
	LastSuccessAt *string                `json:"lastSuccessAt"`
	LastError     *lastErrorView         `json:"lastError"`
	LastExit      *string                `json:"lastExit"`
	Operations    []operationView        `json:"operations"`
	Connections   []connectionView       `json:"connections"`
}

type lastErrorView struct {
	Class     domain.Class `json:"class"`
	Code      string       `json:"code"`
	Operation string       `json:"operation"`
	At        string       `json:"at"`
}

// operationView holds the latencies of the latest calls, in milliseconds.
type operationView struct {
	Name  string `json:"name"`
	Calls int64  `json:"calls"`
	P50   int64  `json:"p50Ms"`
	P95   int64  `json:"p95Ms"`
	P99   int64  `json:"p99Ms"`
}

type connectionView struct {
	ID           domain.ConnectionID `json:"id"`
	Name         string              `json:"name"`
	Version      int64               `json:"version"`
	Enabled      bool                `json:"enabled"`
	Capabilities []string            `json:"capabilities"`
	Paused       *pausedView         `json:"paused"`
	Breaker      string              `json:"breaker"`
	InFlight     int                 `json:"inFlight"`
	Failures     int                 `json:"failures"`
	CreatedAt    string              `json:"createdAt"`
	UpdatedAt    string              `json:"updatedAt"`
}

// pausedView says why a connection's messages wait.
type pausedView struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	// Until is null when only a passing check or new settings end it.
	Until *string `json:"until"`
}

// stateMissing is that of a connector that a connection names and nobody has
// installed.
const stateMissing = "not_installed"

func (a *api) getRegistry(w http.ResponseWriter, r *http.Request) error {
	caller := principal(r)
	env := caller.Environment
	mine, err := a.cfg.Connections.List(r.Context(), env.ID)
	if err != nil {
		return err
	}
	out := page[connectorView]{Data: []connectorView{}}
	seen := map[string]bool{}
	for _, s := range a.cfg.Connectors.Status() {
		if s.Environment != env.Kind && s.Environment != "" {
			continue
		}
		seen[s.Name] = true
		out.Data = append(out.Data, a.viewConnector(s, caller, mine))
	}
	for _, c := range mine {
		if seen[c.Connector] {
			continue
		}
		seen[c.Connector] = true
		missing := pluginhost.ConnectorStatus{Name: c.Connector, State: stateMissing, Reason: "a connection names it, but it is not installed on this node"}
		out.Data = append(out.Data, a.viewConnector(missing, caller, mine))
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) viewConnector(s pluginhost.ConnectorStatus, caller domain.Principal, mine []registry.Connection) connectorView {
	v := connectorView{
		Name: s.Name, Version: s.Version, Environment: caller.Environment.Kind, State: string(s.State), Reason: text(s.Reason),
		Since: domain.FormatTime(s.Since), StartedAt: domain.FormatTime(s.StartedAt), Restarts: s.Restarts,
		Digest: text(s.Digest), LastSuccessAt: domain.FormatTime(s.LastSuccess), LastExit: text(s.LastExit),
		Connections: a.viewConnections(mine, s),
	}
	if caller.May(domain.ScopeOps) {
		v.addCalls(s)
	}
	return v
}

// addCalls adds what is known of the calls of all tenants.
func (v *connectorView) addCalls(s pluginhost.ConnectorStatus) {
	v.InFlight, v.Operations = &s.InFlight, []operationView{}
	if e := s.LastError; e != nil {
		v.LastError = &lastErrorView{Class: e.Class, Code: e.Code, Operation: e.Operation, At: wire(e.At)}
	}
	for _, o := range s.Operations {
		v.Operations = append(v.Operations, operationView{Name: o.Name, Calls: o.Calls,
			P50: o.P50.Milliseconds(), P95: o.P95.Milliseconds(), P99: o.P99.Milliseconds()})
	}
}

// viewConnections shows the caller's connections of one connector.
func (a *api) viewConnections(mine []registry.Connection, s pluginhost.ConnectorStatus) []connectionView {
	out := []connectionView{}
	for _, c := range mine {
		if c.Connector != s.Name {
			continue
		}
		v := connectionView{
			ID: c.ID, Name: c.Name, Version: c.Version, Enabled: c.Enabled, Capabilities: append([]string{}, c.Capabilities...),
			Paused: a.viewPaused(c), Breaker: string(pluginhost.BreakerClosed), CreatedAt: wire(c.CreatedAt), UpdatedAt: wire(c.UpdatedAt),
		}
		for _, live := range s.Connections {
			if live.ID == c.ID {
				v.Breaker, v.InFlight, v.Failures = string(live.Breaker), live.InFlight, live.Failures
			}
		}
		out = append(out, v)
	}
	return out
}

// farAway is a pause whose end is not a date but an event.
const farAway = 10 * 365 * 24 * time.Hour

func (a *api) viewPaused(c registry.Connection) *pausedView {
	g := c.Paused
	if g == nil {
		return nil
	}
	v := &pausedView{Reason: g.Reason, Detail: g.Detail}
	if g.ClosedUntil.Sub(a.cfg.Now()) < farAway {
		v.Until = domain.FormatTime(g.ClosedUntil)
	}
	return v
}
