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
