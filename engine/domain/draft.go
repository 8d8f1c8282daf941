package domain

import "context"

// Draft is what a noun makes of a request: all that shall be stored, and the
// answer. Nothing of it is true before its parts are committed.
type Draft struct {
	Parts  []Part
	Answer []byte // JSON
	// Done says that the answer is final; else work follows.
	Done bool
	// Explain turns a conflict of the commit into the caller's error; nil
	// leaves it as it is.
	Explain func(ctx context.Context, err error) error
}
