package sdk

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// classed gives err a class. Once a request with an effect has begun, what is
// not the handler's own explicit class is an unknown outcome.
func (s *server) classed(ctx context.Context, err error, begun bool) *Error {
	e := explicit(ctx, err)
	if begun && (e.Class == Internal || e.Code == codeCut) {
		e.Class = UnknownOutcome
	}
	return e
}

// codeCut marks a call that the engine gave up.
const codeCut = "call_cut"

func explicit(ctx context.Context, err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e) && wireClass(e.Class) != connectorpb.Class_CLASS_UNSPECIFIED:
		copied := *e
		return &copied
	case ctx.Err() != nil:
		return Unavailablef(codeCut, "the call was given up: %w", err)
	default:
		return Internalf("unclassified", "%w", err)
	}
}

func wireClass(c Class) connectorpb.Class {
	switch c {
	case Invalid:
		return connectorpb.Class_CLASS_INVALID
	case Rejected:
		return connectorpb.Class_CLASS_REJECTED
	case Unsupported:
		return connectorpb.Class_CLASS_UNSUPPORTED
	case Unauthorized:
		return connectorpb.Class_CLASS_UNAUTHORIZED
	case Misconfigured:
		return connectorpb.Class_CLASS_MISCONFIGURED
	case RateLimited:
		return connectorpb.Class_CLASS_RATE_LIMITED
	case Unavailable:
		return connectorpb.Class_CLASS_UNAVAILABLE
	case UnknownOutcome:
		return connectorpb.Class_CLASS_UNKNOWN_OUTCOME
	case Internal:
		return connectorpb.Class_CLASS_INTERNAL
	}
	return connectorpb.Class_CLASS_UNSPECIFIED
}

// maxText bounds each text of an error, in bytes.
const maxText = 4 << 10

// wireError is e as it travels: secrets masked, texts bounded.
func (s *server) wireError(e *Error) *connectorpb.Error {
	text := func(t string) string { return cut(s.masker.mask(t), maxText) }
	out := &connectorpb.Error{
		Class:            wireClass(e.Class),
		Code:             text(e.Code),
		Message:          text(e.Message),
		VendorCode:       text(e.VendorCode),
		VendorText:       text(e.VendorText),
		VendorAnswer:     s.masker.answer(e.VendorAnswer),
		RetryAfterMillis: max(0, e.RetryAfter.Milliseconds()),
	}
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, &connectorpb.FieldError{
			Pointer: text(f.Pointer), Code: text(f.Code), Detail: text(f.Detail), Fix: text(f.Fix),
		})
	}
	return out
}

// wireUpdate is the credential that the call leaves, or nil.
func (c *Connection) wireUpdate() *connectorpb.CredentialUpdate {
	if c.update == nil {
		return nil
	}
	return &connectorpb.CredentialUpdate{BasedOnVersion: c.Version, Credential: c.update}
}
