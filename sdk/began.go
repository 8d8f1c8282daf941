package sdk

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/sdk/internal/began"
)

// MarkBegan says that a request with an effect is about to begin: it is called
// right before the first byte leaves. On an error, of class Unavailable when the
// deadline has passed, the request must not be sent and nothing has begun. From
// nil on, the call's only classes are a result, the vendor's explicit answer and
// UnknownOutcome.
//
// sdk/httpclient calls it; so does a connector that reaches its vendor by other
// means. On an operation without effect, and outside a call, it does nothing.
func MarkBegan(ctx context.Context) error {
	t := began.From(ctx)
	if t == nil {
		return nil
	}
	if err := t.Begin(); err != nil {
		return beganError(err)
	}
	return nil
}

func beganError(err error) *Error {
	if errors.Is(err, began.ErrTwice) {
		return Internalf("second_effect", "%w: end the call and let the engine decide", err)
	}
	return Unavailablef("not_started", "%w", err)
}
