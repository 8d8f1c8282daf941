package pull

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Cause is why a run began.
type Cause string

// The causes of a run.
const (
	CauseSchedule Cause = "schedule"
	CauseManual   Cause = "manual"
)

// State is where a run stands.
type State string

// The states of a run.
const (
	StateQueued      State = "queued" // asked for; no node has begun yet
	StateRunning     State = "running"
	StateDone        State = "done"
	StateFailed      State = "failed"
	StateInterrupted State = "interrupted" // its node stopped or died; another run goes on
)

// Run is one read of a stream up to its present end.
type Run struct {
	ID               domain.RunID
	Connection       domain.ConnectionID
	Environment      domain.EnvironmentID
	Stream           string
	Cause            Cause
	Actor            string // a key's id; empty for the schedule
	State            State
	Node             domain.NodeID
	ConnectorVersion string
	// AskedAt is when it was queued or, of the schedule, when it began.
	AskedAt, StartedAt time.Time
	// ProgressAt is when its last batch was stored.
	ProgressAt, EndedAt time.Time
	// Read counts records; New and Changed those that were stored.
	Read, New, Changed int64
	// Remaining is how many were left at ProgressAt; -1 when the vendor does not tell.
	Remaining int64
	// Error says why it failed; nil when it did not.
	Error *domain.ConnectorError
}

// EndsAt is when a run that is under way will have read all, at the pace that it
// had so far; zero when nobody can tell.
func (r Run) EndsAt() time.Time {
	took := r.ProgressAt.Sub(r.StartedAt)
	if r.State != StateRunning || r.Remaining < 0 || r.Read == 0 || took <= 0 {
		return time.Time{}
	}
	left := float64(took) / float64(r.Read) * float64(r.Remaining)
	return r.ProgressAt.Add(time.Duration(min(left, float64(maxEstimate))))
}

// maxEstimate keeps a wrong Remaining from naming a year that cannot be written.
const maxEstimate = 100 * 24 * time.Hour

// quiet reports whether a run is not worth keeping once there is a newer one.
func (r Run) quiet() bool {
	return r.State == StateDone && r.Cause == CauseSchedule && r.Read == 0
}

// Record is a record as it is stored.
type Record struct {
	ID          domain.RecordID
	Connection  domain.ConnectionID
	Environment domain.EnvironmentID
	Stream      string
	domain.PulledRecord
	// Version is 1 and rises when other bytes come under the key.
	Version          int64
	ConnectorVersion string
	Run              domain.RunID
	// FirstAt is when the key was first stored, StoredAt when this version was.
	FirstAt, StoredAt time.Time
}
