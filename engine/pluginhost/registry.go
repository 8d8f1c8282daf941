package pluginhost

import (
	"cmp"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Status is every instance, and every installed connector that has none, by
// name and environment.
func (h *Host) Status() []ConnectorStatus {
	needed := map[string]bool{}
	var all []ConnectorStatus
	for _, in := range h.list() {
		needed[in.name] = true
		all = append(all, in.status())
	}
	for _, e := range h.idle(needed) {
		all = append(all, e.status())
	}
	slices.SortFunc(all, func(a, b ConnectorStatus) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Environment, b.Environment))
	})
	return all
}

// status is that of a connector without a process.
func (e *entry) status() ConnectorStatus {
	s := ConnectorStatus{Name: e.name, State: StateStopped, Reason: "no enabled connection needs it"}
	if e.fault != "" {
		s.State, s.Reason = StateIncompatible, e.fault
	}
	e.describe(&s)
	return s
}

func (e *entry) describe(s *ConnectorStatus) {
	if e.manifest != nil {
		s.Version = e.manifest.Version
	}
	if e.digest != (schemas.Digest{}) {
		s.Digest = e.digest.String()
	}
}

func (in *instance) status() ConnectorStatus {
	in.mu.Lock()
	s := ConnectorStatus{
		Name: in.name, Environment: in.env, State: in.state, Reason: in.reason,
		Since: in.since, Restarts: in.restarts, LastExit: in.redact.mask(in.lastExit), LogLevel: in.order.LogLevel,
	}
	in.mu.Unlock()
	s.Reads, s.Hindrance = in.ready(), in.redact.mask(in.hindrance())
	in.served.Load().describe(&s)
	s.InFlight = int(in.inFlight.Load())
	s.LastSuccess = domain.FromMicros(in.lastSuccess.Load())
	s.LastError = in.lastError.Load()
	s.Stderr = in.sink.lines()
	s.Connections = in.connectionStatus()
	s.Operations = in.operationStatus()
	if p := in.current.Load(); p != nil {
		s.PID, s.StartedAt = p.run.pid(), p.started
		s.Usage, s.Isolation = usageOf(s.PID), p.isolation
	}
	return s
}

func (in *instance) operationStatus() []OperationStatus {
	var all []OperationStatus
	now := in.cfg.Now()
	for name, op := range in.served.Load().operations {
		all = append(all, op.window.status(name, now))
	}
	in.streams.Range(func(_, v any) bool {
		pulls := v.(*operationState)
		all = append(all, pulls.window.status(pulls.name, now))
		return true
	})
	slices.SortFunc(all, func(a, b OperationStatus) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (in *instance) connectionStatus() []ConnectionStatus {
	var all []ConnectionStatus
	now := in.cfg.Now()
	in.connections.Range(func(_, v any) bool {
		c := v.(*connection)
		s := ConnectionStatus{ID: c.id, InFlight: len(c.slots)}
		s.Breaker, s.OpenUntil, s.Failures = c.breaker.status(now)
		all = append(all, s)
		return true
	})
	slices.SortFunc(all, func(a, b ConnectionStatus) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func (in *instance) breakersOpen() int {
	n := 0
	for _, c := range in.connectionStatus() {
		if c.Breaker != BreakerClosed {
			n++
		}
	}
	return n
}
