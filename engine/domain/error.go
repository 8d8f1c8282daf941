package domain

import (
	"errors"
	"time"
)

// Kind is the category of an Error; the HTTP edge alone turns it into a status.
type Kind string

const (
	KindMalformed       Kind = "malformed"         // the request cannot be read
	KindUnauthenticated Kind = "unauthenticated"   // who are you
	KindForbidden       Kind = "forbidden"         // you may not
	KindNotFound        Kind = "not_found"         // no such thing in this environment
	KindConflict        Kind = "conflict"          // the thing's state forbids it
	KindInvalid         Kind = "invalid"           // understood, and wrong
	KindTooLarge        Kind = "too_large"         // over a limit of ours
	KindMediaType       Kind = "media_type"        // not JSON
	KindTooManyRequests Kind = "too_many_requests" // later, please
	KindUnavailable     Kind = "unavailable"       // something we need is away
	KindInternal        Kind = "internal"          // our fault
)

// Error is what a caller may see of a failure. Anything else that reaches the
// edge is shown as internal, with the request id.
type Error struct {
	Kind   Kind
	Code   string // stable, snake_case
	Detail string // a sentence that says what to do
	// Fields lists every fault of the input at once.
	Fields     []FieldError
	RetryAfter time.Duration // for too_many_requests and unavailable
	// Extra members of the problem document, e.g. the id of the other invoice.
	Extra map[string]any
	// Cause is for the log only.
	Cause error
}

// FieldError is one fault: where, which rule, what to do.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON pointer (RFC 6901)
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix,omitempty"`
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Detail + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Detail
}

func (e *Error) Unwrap() error { return e.Cause }

// Is makes a copy with another detail or cause still match its sentinel.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Kind == e.Kind && t.Code == e.Code
}

// With returns a copy of e that carries cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// Detailed returns a copy of e with another detail.
func (e *Error) Detailed(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}
