package pipeline_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// What a look-up says is not what the vendor answered to the request. Kept as
// the answer of its attempt, a `not_found` would settle the message as done and
// an `unavailable` would have it sent again.
func TestAnswerOfAFencedLookupIsDropped(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(domain.Call) domain.Outcome{
		"not found":     looked(domain.LookupNotFound),
		"found pending": looked(domain.LookupFoundPending),
		"found final":   looked(domain.LookupFoundFinal),
		"unavailable":   fails(domain.ClassUnavailable),
		"unauthorized":  fails(domain.ClassUnauthorized),
		"rejected":      fails(domain.ClassRejected),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				id := w.accept()
				w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
				w.walk(id)
				var second *pipeline.Run
				w.vendor.script("test.lookup",
					overtaken(w, func() { second = w.claim("node_2", id) }, answer),
					looked(domain.LookupFoundPending), looked(domain.LookupFoundFinal))
				w.clock.Add(time.Minute)
				w.walk(id)
				must(t, w.store.OpenGate(t.Context(), "con_1")) // the refused look-up has paused the connection
				w.pipeline.Walk(t.Context(), second)
				w.toEnd(id)
				w.wantEnd(id, domain.EndCompleted)
				if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 3 {
					t.Errorf("sent %d, looked up %d times", sent, asked)
				}
			})
		})
	}
}
