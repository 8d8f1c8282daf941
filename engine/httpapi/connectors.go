package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
)

// connectorView is a connector as the caller's environment meets it, over all
// nodes. Other tenants' connections, settings and the connector's log are not in
// it. One process serves all tenants of a node, so what it counts of all their
// calls, and who ordered what, is for keys with the scope ops: Active, Order, LogLevel, InFlight, Queue, LastError,
// Operations and Nodes are nil for others.
type connectorView struct {
	Name          string                 `json:"name"`
	Version       string                 `json:"version"`
	Environment   domain.EnvironmentKind `json:"environment"`
	State         string                 `json:"state"`
	Reason        *string                `json:"reason"`
	Since         *string                `json:"since"`
	Restarts      int                    `json:"restarts"`
	Digest        *string                `json:"digest"`
	LastSuccessAt *string                `json:"lastSuccessAt"`
	Active        *activeView            `json:"active"`
	Order         *orderView             `json:"order"`
	LogLevel      *string                `json:"logLevel"`
	InFlight      *int                   `json:"inFlight"`
	Queue         *queueView             `json:"queue"`
	LastError     *lastErrorView         `json:"lastError"`
	Operations    []operationView        `json:"operations"`
	Nodes         []nodeView             `json:"nodes"`
	Connections   []connectionView       `json:"connections"`
}

// activeView is the version that operators made the active one.
type activeView struct {
	releaseView
	Since  string  `json:"since"`
	Reason *string `json:"reason"`
	By     string  `json:"by"`
	// Previous is what a rollback makes the active one; null when there is none.
	Previous *releaseView `json:"previous"`
}

type releaseView struct {
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Locked  bool   `json:"locked"`
}

// orderView is what operators ask of the connector.
type orderView struct {
	Want     string  `json:"want"`
	Restarts int64   `json:"restarts"`
	Reason   *string `json:"reason"`
	By       string  `json:"by"`
	At       string  `json:"at"`
}

// queueView is what waits for the connector, of all tenants.
type queueView struct {
	Depth            int64   `json:"depth"`
	OldestDueSeconds float64 `json:"oldestDueSeconds"`
}

type lastErrorView struct {
	Class     domain.Class `json:"class"`
	Code      string       `json:"code"`
	Operation string       `json:"operation"`
	At        string       `json:"at"`
}

// operationView is what is counted of an operation's calls.
type operationView struct {
	Name            string   `json:"name"`
	Calls           int64    `json:"calls"` // since the nodes started
	LastFiveMinutes spanView `json:"lastFiveMinutes"`
	LastHour        spanView `json:"lastHour"`
}

// spanView holds latencies in milliseconds; of several nodes, those of the
// slowest.
type spanView struct {
	Calls     int64   `json:"calls"`
	Failed    int64   `json:"failed"`
	ErrorRate float64 `json:"errorRate"`
	P50       float64 `json:"p50Ms"`
	P95       float64 `json:"p95Ms"`
	P99       float64 `json:"p99Ms"`
}

// nodeView is the connector's process on one node.
type nodeView struct {
	Node         domain.NodeID `json:"node"`
	Version      string        `json:"version"`
	Digest       *string       `json:"digest"`
	State        string        `json:"state"`
	Reason       *string       `json:"reason"`
	Reads        bool          `json:"reads"`
	Hindrance    *string       `json:"hindrance"`
	Since        *string       `json:"since"`
	PID          *int          `json:"pid"`
	StartedAt    *string       `json:"startedAt"`
	Restarts     int           `json:"restarts"`
	LastExit     *string       `json:"lastExit"`
	InFlight     int           `json:"inFlight"`
	BreakersOpen int           `json:"breakersOpen"`
	MemoryBytes  *int64        `json:"memoryBytes"`
	CPUSeconds   *float64      `json:"cpuSeconds"`
	// Isolation is nil without a process, and where it cannot be told.
	Isolation  *isolationView `json:"isolation"`
	ReportedAt string         `json:"reportedAt"`
	// Log is the tail of what the process wrote for people, secrets masked; nil in
	// lists.
	Log []string `json:"log"`
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
	mine, err := a.cfg.Connections.List(r.Context(), caller.Environment.ID)
	if err != nil {
		return err
	}
	connectors, err := a.connectors(r.Context(), caller.Environment, mine)
	if err != nil {
		return err
	}
	out := page[connectorView]{Data: []connectorView{}}
	for _, c := range connectors {
		out.Data = append(out.Data, a.viewConnector(c, caller, mine))
	}
	return answer(w, http.StatusOK, out)
}

// connectors are those of the environment's kind, and those that a connection of
// the environment names and nobody has.
func (a *api) connectors(ctx context.Context, env domain.Environment, mine []registry.Connection) ([]fleet.Connector, error) {
	all, err := a.cfg.Fleet.Connectors(ctx, env.Kind)
	if err != nil {
		return nil, err
	}
	for _, c := range mine {
		if slices.ContainsFunc(all, func(k fleet.Connector) bool { return k.Name == c.Connector }) {
			continue
		}
		all = append(all, fleet.Connector{Name: c.Connector, Environment: env.Kind, State: stateMissing, Reason: "a connection names it, but it is not installed on any node"})
	}
	return all, nil
}

func (a *api) viewConnector(c fleet.Connector, caller domain.Principal, mine []registry.Connection) connectorView {
	v := connectorView{
		Name: c.Name, Version: c.Version, Environment: c.Environment, State: string(c.State), Reason: text(c.Reason),
		Since: domain.FormatTime(c.Since), Digest: text(c.Digest), Connections: a.viewConnections(mine, c),
	}
	var success time.Time
	for _, in := range c.Instances {
		v.Restarts += in.Restarts
		if in.LastSuccess.After(success) {
			success = in.LastSuccess
		}
	}
	v.LastSuccessAt = domain.FormatTime(success)
	if caller.May(domain.ScopeOps) {
		a.addCalls(&v, c)
	}
	return v
}

// addCalls adds what is known of the calls of all tenants.
func (a *api) addCalls(v *connectorView, c fleet.Connector) {
	v.InFlight, v.Operations, v.Nodes = new(int), []operationView{}, []nodeView{}
	if o := c.Order; !o.At.IsZero() {
		v.Order = &orderView{Want: string(o.Want), Restarts: o.Restarts, Reason: text(o.Reason), By: o.Actor, At: wire(o.At)}
	}
	v.Active, v.LogLevel = viewActive(c.Active), text(c.Order.LogLevel)
	v.Queue = &queueView{Depth: c.Queue.Depth}
	if !c.Queue.OldestDue.IsZero() {
		v.Queue.OldestDueSeconds = max(0, a.cfg.Now().Sub(c.Queue.OldestDue).Seconds())
	}
	var last *pluginhost.LastError
	for _, in := range c.Instances {
		*v.InFlight += in.InFlight
		v.Nodes = append(v.Nodes, viewNode(in))
		if e := in.LastError; e != nil && (last == nil || e.At.After(last.At)) {
			last = e
		}
		for _, o := range in.Operations {
			v.Operations = addOperation(v.Operations, o)
		}
	}
	if last != nil {
		v.LastError = &lastErrorView{Class: last.Class, Code: last.Code, Operation: last.Operation, At: wire(last.At)}
	}
}

// viewActive is nil while operators have not decided on a version.
func viewActive(v fleet.Version) *activeView {
	if v.Active.Digest == "" {
		return nil
	}
	out := &activeView{releaseView: releaseView(v.Active), Since: wire(v.Since), Reason: text(v.Reason), By: v.Actor}
	if v.Previous.Digest != "" {
		previous := releaseView(v.Previous)
		out.Previous = &previous
	}
	return out
}

// addOperation adds what one node counts to what others do.
func addOperation(all []operationView, o pluginhost.OperationStatus) []operationView {
	i := slices.IndexFunc(all, func(v operationView) bool { return v.Name == o.Name })
	if i < 0 {
		i, all = len(all), append(all, operationView{Name: o.Name})
	}
	all[i].Calls += o.Calls
	all[i].LastFiveMinutes.add(o.Recent)
	all[i].LastHour.add(o.Hour)
	return all
}

func (v *spanView) add(s pluginhost.Span) {
	v.Calls += s.Calls
	v.Failed += s.Failed
	v.ErrorRate = pluginhost.Span{Calls: v.Calls, Failed: v.Failed}.ErrorRate()
	v.P50, v.P95, v.P99 = max(v.P50, millis(s.P50)), max(v.P95, millis(s.P95)), max(v.P99, millis(s.P99))
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func viewNode(in fleet.Instance) nodeView {
	v := nodeView{
		Node: in.Node, Version: in.Version, Digest: text(in.Digest), State: string(in.State), Reason: text(in.Reason), Since: domain.FormatTime(in.Since),
		Reads: in.Reads, Hindrance: text(in.Hindrance),
		StartedAt: domain.FormatTime(in.StartedAt), Restarts: in.Restarts, LastExit: text(in.LastExit), InFlight: in.InFlight, ReportedAt: wire(in.ReportedAt),
	}
	for _, c := range in.Connections {
		if c.Breaker != pluginhost.BreakerClosed {
			v.BreakersOpen++
		}
	}
	if in.PID != 0 {
		v.PID = &in.PID
	}
	v.Isolation = viewIsolation(in.Isolation)
	if in.Usage != (pluginhost.Usage{}) {
		v.MemoryBytes, v.CPUSeconds = &in.Usage.MemoryBytes, &in.Usage.CPUSeconds
	}
	return v
}

// viewConnections shows the caller's connections of one connector.
func (a *api) viewConnections(mine []registry.Connection, k fleet.Connector) []connectionView {
	out := []connectionView{}
	for _, c := range mine {
		if c.Connector != k.Name {
			continue
		}
		v := connectionView{
			ID: c.ID, Name: c.Name, Version: c.Version, Enabled: c.Enabled, Capabilities: append([]string{}, c.Capabilities...),
			Paused: a.viewPaused(c), Breaker: string(pluginhost.BreakerClosed), CreatedAt: wire(c.CreatedAt), UpdatedAt: wire(c.UpdatedAt),
		}
		v.addCalls(k.Instances)
		out = append(out, v)
	}
	return out
}

// addCalls adds up what the nodes know of the connection. Its breaker is the one
// that is furthest from closed.
func (v *connectionView) addCalls(nodes []fleet.Instance) {
	for _, in := range nodes {
		for _, live := range in.Connections {
			if live.ID != v.ID {
				continue
			}
			v.InFlight += live.InFlight
			v.Failures = max(v.Failures, live.Failures)
			if live.Breaker == pluginhost.BreakerOpen || v.Breaker == string(pluginhost.BreakerClosed) {
				v.Breaker = string(live.Breaker)
			}
		}
	}
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
