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
	StatePaused       State = "paused" // by an operator: healthy, and reads no new work
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
	Usage     Usage
	StartedAt time.Time
	Restarts  int
	InFlight  int
	// Isolation is nil when no process runs, and where it cannot be told.
	Isolation *Isolation
	// Reads: new work may be read for it here.
	Reads bool
	// Hindrance says why the version that shall run does not, while another serves.
	Hindrance string
	// LogLevel is what operators asked for; empty for what the host's log takes.
	LogLevel string
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

// OperationStatus is what an instance counts of an operation.
type OperationStatus struct {
	Name  string
	Calls int64 // since the host started
	// Recent is of the last five minutes, Hour of the last sixty.
	Recent, Hour Span
}

// Span is what happened in a time. Quantiles are at most a fifth too long.
type Span struct {
	Calls, Failed int64
	P50, P95, P99 time.Duration
}

// ErrorRate is the share of the calls that failed, 0 without any.
func (s Span) ErrorRate() float64 {
	if s.Calls == 0 {
		return 0
	}
	return float64(s.Failed) / float64(s.Calls)
}
