package pipeline

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// attempt is one sending of an effect. Its row is stored before the request,
// and Outcome is empty until somebody knows.
type attempt struct {
	attemptKey
	Operation        string
	Effect           domain.Effect
	ConnectorVersion string
	Reference        string
	InputDigest      string
	SentAt           time.Time
	Deadline         time.Time
	// SettlesAt is when a request that was on its way has surely arrived:
	// a not_found of a look-up that began earlier proves nothing.
	SettlesAt time.Time
	// AcceptedAt is when the vendor said that it has the effect and has not ended
	// it; zero before. From then on it is never sent again.
	AcceptedAt time.Time
	NotFounds  int
	Outcome    domain.Class
	Error      json.RawMessage
	EndedAt    time.Time
	Late       *lateOutcome
	LateAt     time.Time
	State      []byte
}

// attemptKey finds an attempt's row; the id makes sure that it is the one.
type attemptKey struct {
	ID      domain.AttemptID
	Message domain.MessageID
	Stage   domain.Stage
	Number  int
}

const (
	// outcomeNotDone closes an attempt of which the look-ups said that nothing
	// happened, and that was sent again.
	outcomeNotDone domain.Class = "not_done"
	// minSettlesAfter is the least that a manifest's settlesAfter counts as.
	minSettlesAfter = 30 * time.Second
	// maxState bounds what a connector may keep with an attempt.
	maxState = 16 << 10
)

// lateOutcome is a definite answer that came by another way than to the owner of
// the message: its worker had been fenced off, or the vendor pushed it.
type lateOutcome struct {
	Class  domain.Class           `json:"class"`
	Result json.RawMessage        `json:"result,omitempty"`
	Error  *domain.ConnectorError `json:"error,omitempty"`
}

func (l lateOutcome) outcome(at time.Time) domain.Outcome {
	return domain.Outcome{Class: l.Class, Result: l.Result, Error: l.Error, Began: at, Ended: at}
}

func newAttempt(r *Run, step domain.Step, op schemas.Operation, now time.Time) *attempt {
	number := 1
	if r.attempt != nil {
		number = r.attempt.Number + 1
	}
	deadline := now.Add(time.Duration(op.Deadline))
	return &attempt{
		attemptKey:  attemptKey{ID: newAttemptID(), Message: r.message.ID, Stage: r.stage, Number: number},
		Operation:   step.Operation,
		Effect:      domain.Effect(op.Effect),
		Reference:   step.Reference,
		InputDigest: hex.EncodeToString(r.document.Digest[:]),
		SentAt:      now,
		Deadline:    deadline,
		SettlesAt:   deadline.Add(max(time.Duration(op.SettlesAfter), minSettlesAfter)),
		State:       r.state,
	}
}

func newAttemptID() domain.AttemptID {
	return domain.NewID[domain.AttemptID](domain.PrefixAttempt)
}

// The parts that the pipeline writes itself.
const (
	partAttemptSent  domain.PartKind = "attempt_sent"
	partAttemptEnd   domain.PartKind = "attempt_end"
	partReadFailed   domain.PartKind = "read_failed"
	partNotFound     domain.PartKind = "attempt_not_found"
	partAttemptState domain.PartKind = "attempt_state"
	partAccepted     domain.PartKind = "attempt_accepted"
	partMessageWait  domain.PartKind = "message_wait"
	partMessageHold  domain.PartKind = "message_hold"
	partMessageOpen  domain.PartKind = "message_open"
)

type attemptSent struct{ attempt }

func (attemptSent) PartOf() domain.PartKind { return partAttemptSent }

// attemptEnd closes an open attempt.
type attemptEnd struct {
	attemptKey
	Outcome domain.Class
	Version string // of the connector that answered, which may have come after the attempt was stored; empty: as stored
	Error   json.RawMessage
	At      time.Time
	State   []byte
	// AndNoLate refuses, with errAnswered, when a late answer has arrived
	// meanwhile: what others say of the attempt counts less.
	AndNoLate bool
}

func (attemptEnd) PartOf() domain.PartKind { return partAttemptEnd }

// failedRead records a failed call of a stage without effect.
type failedRead struct{ attempt }

func (failedRead) PartOf() domain.PartKind { return partReadFailed }

// attemptState keeps what the connector wants to be told with the next look-up.
type attemptState struct {
	attemptKey
	State []byte
}

func (attemptState) PartOf() domain.PartKind { return partAttemptState }

// attemptAccepted notes that the vendor has the effect and has not ended it.
type attemptAccepted struct {
	attemptKey
	At time.Time
	// AndNoLate is as of attemptEnd: a push may tell the end before the vendor has
	// answered that it begins.
	AndNoLate bool
}

func (attemptAccepted) PartOf() domain.PartKind { return partAccepted }

// attemptNotFound counts a settled not_found.
type attemptNotFound struct{ attemptKey }

func (attemptNotFound) PartOf() domain.PartKind { return partNotFound }

// messageWait notes why a message waits.
type messageWait struct {
	ID    domain.MessageID
	Stage domain.Stage
	Class domain.Class
	Error json.RawMessage
	Spent int
	At    time.Time
}

func (messageWait) PartOf() domain.PartKind { return partMessageWait }

// messageHold notes why a message waits for a person.
type messageHold struct {
	ID     domain.MessageID
	Stage  domain.Stage
	Reason heldReason
	Error  json.RawMessage
	Spent  int
	At     time.Time
}

func (messageHold) PartOf() domain.PartKind { return partMessageHold }

// messageOpen gives a held message back to the workers.
type messageOpen struct {
	ID domain.MessageID
	At time.Time
}

func (messageOpen) PartOf() domain.PartKind { return partMessageOpen }

// readFailed makes the record of a failed call of a stage without effect.
func readFailed(r *Run, out domain.Outcome, now time.Time) []domain.Part {
	return []domain.Part{failedRead{attempt{
		attemptKey: attemptKey{ID: newAttemptID(), Message: r.message.ID, Stage: r.stage},
		Effect:     domain.EffectNone, ConnectorVersion: out.ConnectorVersion, InputDigest: hex.EncodeToString(r.document.Digest[:]),
		SentAt: out.Began, Outcome: out.Class, Error: errorJSON(out.Error), EndedAt: now, State: r.state,
	}}}
}

// onlyAttempts keeps the records of calls: a walk that rests stores them, but
// nothing of the stages it will run again.
func onlyAttempts(parts []domain.Part) []domain.Part {
	var out []domain.Part
	for _, part := range parts {
		switch part.(type) {
		case attemptEnd, failedRead, attemptNotFound, attemptAccepted:
			out = append(out, part)
		}
	}
	return out
}
