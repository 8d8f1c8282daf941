package domain

import (
	"context"
	"errors"
)

// ErrAgain is what Explain wraps when another request was faster and a draft
// made now would answer what that one did. Its draft is made once more; whoever
// loses again gets the other error that is wrapped.
var ErrAgain = errors.New("domain: draft it again")

// Draft is what a noun makes of a request: all that shall be stored, and the
// answer. Nothing of it is true before its parts are committed.
type Draft struct {
	Parts  []Part
	Answer []byte // JSON
	// Done says that the answer is final; else work follows.
	Done bool
	// ShowsSecret says that the answer shows a secret this once: where it is kept
	// for a repeated request, it is sealed.
	ShowsSecret bool
	// Committed is called once the parts are stored; nil for nothing.
	Committed func()
	// Explain turns a conflict of the commit into the caller's error; nil
	// leaves it as it is.
	Explain func(ctx context.Context, err error) error
}
