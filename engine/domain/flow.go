package domain

import (
	"context"
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Flow is what a noun (invoice, payment) tells the pipeline: which operations
// its stages call and how outcomes become changes. A Flow holds no state and
// writes nothing; its methods may run concurrently.
type Flow interface {
	Name() string
	Version() int
	// Load reads the resources of many messages at once.
	Load(ctx context.Context, resources []string) (map[string]Resource, error)
	// Step says which operation a stage calls. Parameters are small JSON.
	Step(r Resource, doc schemas.Document, stage Stage) (Step, error)
	// Result takes a stage's result: the resource with it, the next stage
	// ("" when the flow is done), and what to store of it.
	Result(r Resource, stage Stage, result json.RawMessage, at time.Time) (Resource, Stage, []Part, error)
	// Lookup says how to ask about a stage's effect.
	Lookup(r Resource, doc schemas.Document, stage Stage) (Step, error)
	// Settle ends the resource's flow. reasons are told to the integrator.
	Settle(r Resource, doc schemas.Document, end Ending, reasons []FieldError, at time.Time) ([]Part, error)
	// Hold and Release show that the message waits for a person, or no longer.
	Hold(r Resource, doc schemas.Document, reason string, at time.Time) ([]Part, error)
	Release(resource string, at time.Time) []Part
}

// Waiter is a Flow whose effects a vendor may take long before it ends them: an
// answer, or a look-up's, may say that it is pending. Such an attempt stays open,
// and is looked up until the vendor says how it ended.
type Waiter interface {
	Flow
	// Pending reports whether a result of the stage, or of its look-up, says that
	// the vendor has the effect and has not ended it.
	Pending(stage Stage, result json.RawMessage) bool
	// Next is when to look again, after so many waits.
	Next(r Resource, waits int, at time.Time) time.Time
	// GiveUp ends a resource whose effect the vendor does not know, or that was
	// never sent: what Settle then completes. False while it is too early.
	GiveUp(r Resource, at time.Time) (Resource, bool)
}

// Listener is a Flow that takes what a connector has verified of a vendor's push
// for the answer of a look-up, where it says as much as one.
type Listener interface {
	Flow
	// Told is the result of the stage that comes of what was told. False when the
	// effect has not ended, or when it is not proved to be the one that was sent:
	// then a look-up has to say.
	Told(r Resource, stage Stage, told json.RawMessage) (result json.RawMessage, ok bool)
}

// Resource is a flow's own snapshot of what it works on.
type Resource any

// ResourcePart is a part that stores a new resource and so knows what Load
// would answer of it.
type ResourcePart interface {
	Part
	Resource() (id string, r Resource)
}

// Step is one call that a stage makes.
type Step struct {
	Operation  string
	Parameters json.RawMessage
	// Reference is what the vendor knows the effect by, e.g. the IRN.
	Reference string
}
