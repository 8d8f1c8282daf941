package sdk

import (
	"fmt"
	"time"
)

// Class says whose fault an error is and so what the engine does next.
type Class string

// The classes. All but UnknownOutcome promise that the operation's effect has
// not happened and will not happen through this call.
const (
	// Invalid: the document breaks a rule that the connector knows.
	Invalid Class = "invalid"
	// Rejected: the vendor looked at it and said no, for good.
	Rejected Class = "rejected"
	// Unsupported: this connector cannot do it.
	Unsupported Class = "unsupported"
	// Unauthorized: the connection's credentials are refused. The connection
	// pauses until Check passes.
	Unauthorized Class = "unauthorized"
	// Misconfigured: the connection's settings are wrong. It pauses likewise.
	Misconfigured Class = "misconfigured"
	// RateLimited: the vendor wants us to slow down; set RetryAfter when told.
	RateLimited Class = "rate_limited"
	// Unavailable: the vendor cannot do it now; tried again later.
	Unavailable Class = "unavailable"
	// UnknownOutcome: the effect may have happened. The engine looks it up and
	// never repeats it blindly. A refusal because the key was used before is
	// this class too, never Rejected.
	UnknownOutcome Class = "unknown_outcome"
	// Internal: the connector is at fault.
	Internal Class = "internal"
)

// Error is a classed error, the only kind that says more than "internal".
type Error struct {
	Class Class
	// Code is stable, snake_case and the connector's own, e.g. "reference_taken".
	Code string
	// Message is for a person and holds no secrets.
	Message string
	// VendorCode and VendorText are what the vendor said, as it said it.
	VendorCode, VendorText string
	// VendorAnswer is the vendor's answer. Secrets of the connection and members
	// with secret names are masked on the way out, the rest is cut at
	// MaxVendorAnswerBytes.
	VendorAnswer []byte
	// RetryAfter is when to try again, for RateLimited and Unavailable; zero
	// leaves it to the engine.
	RetryAfter time.Duration
	// Fields names each fault of the document or the settings.
	Fields []FieldError
	// Cause is kept for errors.Is and the connector's log; it does not travel.
	Cause error
}

// FieldError is one fault: where, which rule, what to do.
type FieldError struct {
	Pointer string // JSON pointer into the document or the settings (RFC 6901)
	Code    string
	Detail  string
	Fix     string
}

// Error gives class, code and message in one line.
func (e *Error) Error() string { return string(e.Class) + ": " + e.Code + ": " + e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of any class. A %w in format becomes the cause and its
// text part of the message.
func Errorf(class Class, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Class: class, Code: code, Message: err.Error()}
	if u, ok := err.(interface{ Unwrap() error }); ok {
		e.Cause = u.Unwrap()
	}
	return e
}

// Invalidf makes an error of class Invalid.
func Invalidf(code, format string, args ...any) *Error {
	return Errorf(Invalid, code, format, args...)
}

// Rejectedf makes an error of class Rejected.
func Rejectedf(code, format string, args ...any) *Error {
	return Errorf(Rejected, code, format, args...)
}

// Unsupportedf makes an error of class Unsupported.
func Unsupportedf(code, format string, args ...any) *Error {
	return Errorf(Unsupported, code, format, args...)
}

// Unauthorizedf makes an error of class Unauthorized.
func Unauthorizedf(code, format string, args ...any) *Error {
	return Errorf(Unauthorized, code, format, args...)
}

// Misconfiguredf makes an error of class Misconfigured.
func Misconfiguredf(code, format string, args ...any) *Error {
	return Errorf(Misconfigured, code, format, args...)
}

// RateLimitedf makes an error of class RateLimited.
func RateLimitedf(code, format string, args ...any) *Error {
	return Errorf(RateLimited, code, format, args...)
}

// Unavailablef makes an error of class Unavailable.
func Unavailablef(code, format string, args ...any) *Error {
	return Errorf(Unavailable, code, format, args...)
}

// UnknownOutcomef makes an error of class UnknownOutcome.
func UnknownOutcomef(code, format string, args ...any) *Error {
	return Errorf(UnknownOutcome, code, format, args...)
}

// Internalf makes an error of class Internal.
func Internalf(code, format string, args ...any) *Error {
	return Errorf(Internal, code, format, args...)
}
