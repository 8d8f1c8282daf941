package conformance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// need is what a check stands on; each includes those before it.
type need int

const (
	needsNothing need = iota
	needsProcess
	needsManifest
	needsSettings
	needsVendor
)

// check is one small thing that is proved. Its id begins with its area.
type check struct {
	id     string
	proves string
	needs  need
	// about lists what the check is made on; nil: the program as a whole.
	about func(*bench) []subject
	run   func(context.Context, *bench, subject) error
}

func (c check) area() string {
	area, _, _ := strings.Cut(c.id, ".")
	return area
}

// over are the subjects of a check.
func (c check) over(b *bench) []subject {
	if c.about == nil || b.manifest == nil {
		return []subject{{capability: Common}}
	}
	return c.about(b)
}

// subject is what a check is made on: an operation, a stream or a kind of
// webhook.
type subject struct {
	name       string
	capability string
	operation  schemas.Operation
	cases      []*Case
	stream     *Stream
	hook       *Webhook
	// none says why there is none.
	none string
}

func (s subject) suffix() string {
	if s.name == "" {
		return ""
	}
	return "/" + s.name
}

// checks are all, in the order in which they run: what looks at everything that
// went before comes last.
func checks() []check {
	return slices.Concat(
		startChecks(), manifestChecks(), settingsChecks(), connectionChecks(),
		invokeChecks(), errorChecks(), effectChecks(), timeChecks(), parallelChecks(), sizeChecks(),
		stateChecks(), pullChecks(), webhookChecks(), endChecks(), secretsChecks(), declaredChecks(),
	)
}

// Check is one of the kit's checks, for a list of them.
type Check struct {
	ID     string `json:"id"`
	Proves string `json:"proves"`
}

// Checks lists the kit's checks in their order. Those about operations, streams
// and webhooks are made on each.
func Checks() []Check {
	var out []Check
	for _, c := range checks() {
		out = append(out, Check{c.id, c.proves})
	}
	return out
}

// operations are the subjects of checks on each operation that fits.
func operations(none string, fits func(*bench, subject) string) func(*bench) []subject {
	return func(b *bench) []subject {
		var out []subject
		for _, op := range b.manifest.Operations {
			noun, _, _ := strings.Cut(op.Name, ".")
			s := subject{name: op.Name, capability: noun, operation: op, cases: b.cases.of(op.Name)}
			switch {
			case fits == nil:
			case fits(b, s) == leaveOut:
				continue
			default:
				s.none = fits(b, s)
			}
			if len(s.cases) == 0 && s.none == "" {
				s.none = "the file of cases has no case of " + op.Name + "; write one"
			}
			out = append(out, s)
		}
		if len(out) == 0 {
			out = append(out, subject{capability: Common, none: none})
		}
		return out
	}
}

// leaveOut is said of a subject that a check is not about at all.
const leaveOut = "-"

func withEffect(_ *bench, s subject) string {
	if s.operation.Effect == schemas.EffectNone {
		return leaveOut
	}
	return ""
}

// hasVendor reports whether the kit can stand in the vendor's place.
func (b *bench) hasVendor() bool {
	raw, err := json.Marshal(b.cases.Settings)
	return err == nil && strings.Contains(string(raw), "${vendor}")
}
