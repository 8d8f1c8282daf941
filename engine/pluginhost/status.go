package pluginhost

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// State is what an instance of a connector is doing.
type State string

// The states of an instance.
const (
	StateStarting     State = "starting"
	StateRunning      State = "running"
	StateDegraded     State = "degraded" // alive, but missing health probes
	StateRestarting   State = "restarting"
	StateStopped      State = "stopped"
	StateCrashLoop    State = "crash_loop"   // retried slowly
	StateIncompatible State = "incompatible" // digest, manifest or protocol differ; retried slowly
)

// ConnectorStatus is one instance as an operator sees it: a connector in one
// kind of environment. A connector that nobody needs has one row with an empty
// Environment.
type ConnectorStatus struct {
	Name        string
	Version     string
	Environment domain.EnvironmentKind
	State       State
	// Reason says in a sentence why it is in this state.
	Reason string
	Since  time.Time
	// PID is 0 when no process runs.
	PID       int
	StartedAt time.Time
	Restarts  int
	InFlight  int
	// Digest is the pinned SHA-256 of the executable, hex.
	Digest      string
	Connections []ConnectionStatus
	LastSuccess time.Time
	LastError   *LastError
	// LastExit says how the last process ended; empty while the first runs.
	LastExit   string
	Operations []OperationStatus
	// Stderr is the tail of the connector's log, secrets masked.
	Stderr []string
}

// ConnectionStatus is one connection that was used since the host started.
type ConnectionStatus struct {
	ID       domain.ConnectionID
	InFlight int
	Breaker  BreakerState
	// OpenUntil is set while the breaker is open.
	OpenUntil time.Time
	// Failures counts failures in a row.
	Failures int
}

// BreakerState is that of a connection's breaker.
type BreakerState string

// The states of a breaker.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half_open"
)

// LastError is the last call that did not end in a result.
type LastError struct {
	Class     domain.Class
	Code      string
	Operation string
	At        time.Time
}

// OperationStatus holds the latencies of an operation's latest calls.
type OperationStatus struct {
	Name          string
	Calls         int64
	P50, P95, P99 time.Duration
}
