package pipeline

import (
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// heldReason says why a message waits for a person.
type heldReason string

const (
	reasonExhausted  heldReason = "attempts_exhausted"
	reasonTooLong    heldReason = "failing_too_long"
	reasonCannotTell heldReason = "cannot_tell"
	reasonNotFound   heldReason = "not_found_unkeyed"
	reasonLostClaims heldReason = "lost_claims"
	reasonCrashed    heldReason = "connector_crashed"
	reasonConflict   heldReason = "reference_conflict"
	reasonInternal   heldReason = "internal_error"
	reasonRestored   heldReason = "restored_unkeyed"
)

// advice is what a person can do about each reason.
var advice = map[heldReason]string{
	reasonExhausted:  "Read the last error, mend the connector or its settings, then replay.",
	reasonTooLong:    "The vendor has been failing for longer than holdAfter. Replay when it is well again.",
	reasonCannotTell: "Ask the vendor whether the reference exists. Resolve with what they say, or replay to look it up again.",
	reasonNotFound:   "The vendor does not know the reference. Replay with \"resend\": true to send it again, or resolve as failed.",
	reasonLostClaims: "Whatever runs this message dies. Read the engine's log, then replay or resolve.",
	reasonCrashed:    "The connector dies of this message. Read its log in the registry, then replay with a mended connector or resolve.",
	reasonConflict:   "Another invoice has this vendor reference. Void one of them.",
	reasonInternal:   "A fault of the engine or the connector. Read the last error, then replay.",
	reasonRestored:   "Unkeyed work after a restore: ask the vendor, then resolve or replay with \"resend\": true.",
}

const (
	minBackoff = time.Second
	maxBackoff = 5 * time.Minute
)

// backoff is the n-th wait (from 0): doubling, capped, with up to 10 % jitter
// on top so that those who failed together do not return together.
func backoff(n int) time.Duration {
	d := maxBackoff
	if n < 9 {
		d = min(minBackoff<<n, maxBackoff)
	}
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}

// retryAfter is the wait that the answer asks for, 0 when it asks for none. One
// that is too short would turn a message over and over.
func retryAfter(e *domain.ConnectorError) time.Duration {
	if e == nil || e.RetryAfter <= 0 {
		return 0
	}
	return max(e.RetryAfter, minBackoff)
}

// askedFor is when a message is due that would be due at own, after an answer
// that may ask for a wait. A rate limit knows its time. Who is not there only
// guesses, and tells all that wait the same: one that was told so before waits
// longer, as it would without.
func askedFor(now, own time.Time, out domain.Outcome) time.Time {
	after := retryAfter(out.Error)
	if after == 0 {
		return own
	}
	due := now.Add(after + spread(after))
	if out.Class != domain.ClassRateLimited && own.After(due) {
		return own
	}
	return due
}

// spread is a little more of a wait that many are told at once: up to a tenth,
// at least one second and at most ten.
func spread(d time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(min(max(d/10, time.Second), 10*time.Second)) + 1))
}

func internalError(err error) *domain.ConnectorError {
	e := &domain.ConnectorError{Class: domain.ClassInternal, Code: "internal", Message: "the engine could not go on"}
	if err != nil {
		e.Message = err.Error()
	}
	return e
}

func unsupported(operation string, err error) domain.Outcome {
	return domain.Outcome{Class: domain.ClassUnsupported, Error: &domain.ConnectorError{
		Class: domain.ClassUnsupported, Code: "operation_unsupported", Message: "the connector cannot " + operation + ": " + err.Error(),
	}}
}

func errorJSON(e *domain.ConnectorError) json.RawMessage {
	if e == nil {
		return nil
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return nil // a ConnectorError is plain strings
	}
	return raw
}

// reasonsOf turns an error into what the integrator is told: every field, or
// the error itself when it names none.
func reasonsOf(e *domain.ConnectorError) []domain.FieldError {
	if e == nil {
		return nil
	}
	if len(e.Fields) > 0 {
		return e.Fields
	}
	detail := e.Message
	if e.VendorText != "" {
		detail = e.VendorText
	}
	return []domain.FieldError{{Pointer: "", Code: e.Code, Detail: detail}}
}
