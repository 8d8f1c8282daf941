//go:build linux

package chaostest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// eventWorld is a world without an authority: its integrator publishes events,
// and webhooks hear of them.
type eventWorld struct {
	*world
	endpoints []*endpoint       // all first; usually ordered, and of expenses only, too
	retry     string            // the policy of each
	refusing  domain.EndpointID // whose receiver refuses for good, if any
	batches   int
	// claimed counts the deliveries that were claimed when their node was
	// killed: they may have been on their way, and come twice.
	claimed int

	published map[string]publication // by event id; under mu
}

// publication is an event whose 202 was read.
type publication struct{ resource, kind string }

// soon is a schedule of seconds of the engine's clock.
const soon = `{"schedule":[15,15,15,15,15,15,15,15,15,15]}`

func newEventWorld(t *testing.T, b backend, database string) *eventWorld {
	t.Helper()
	w := emptyEventWorld(t, b, database)
	w.endpoint("all", "*", false)
	w.endpoint("ordered", "*", true)
	w.endpoint("expenses", "expense.*", false)
	w.registerAll()
	return w
}

// emptyEventWorld has neither receivers nor an integrator.
func emptyEventWorld(t *testing.T, b backend, database string) *eventWorld {
	t.Helper()
	return &eventWorld{world: bareWorld(t, b, usual, database), retry: soon, published: map[string]publication{}}
}

// endpoint starts a receiver.
func (w *eventWorld) endpoint(name, pattern string, ordered bool) *endpoint {
	w.t.Helper()
	e := &endpoint{w: w, name: name, pattern: pattern, ordered: ordered, receiver: receiver{events: map[string]told{}}}
	e.run()
	w.endpoints = append(w.endpoints, e)
	return e
}

// registerAll makes the integrator and its webhooks.
func (w *eventWorld) registerAll() {
	w.t.Helper()
	w.offline(func(e *engine.Engine) {
		id, key := w.environment(e, "Adebayo Stores")
		w.key = key
		env, err := e.Tenants.Environment(w.t.Context(), id)
		must(w.t, err)
		w.register(e, env.Environment)
	})
}

// all hears of every event, in any order.
func (w *eventWorld) all() *endpoint { return w.endpoints[0] }

// publish publishes events of several new resources in the background, those of
// one resource one after the other.
func (w *eventWorld) publish(resources, events int) {
	w.batches++
	for r := range resources {
		resource := fmt.Sprintf("res-%d-%d", w.batches, r)
		w.posting.Go(func() {
			for i := range events {
				w.insist(fmt.Sprintf("event %d of %s", i, resource), func() error { return w.post1(resource, i) })
			}
		})
	}
}

// post1 publishes one event once. The types take turns.
func (w *eventWorld) post1(resource string, i int) error {
	kind := []string{"customer.updated", "expense.created"}[i%2]
	var answer struct {
		Data struct {
			ID string `json:"eventId"`
		} `json:"data"`
	}
	body := map[string]any{"event": kind, "data": schemas.SampleEvent(kind), "resourceId": resource}
	status, err := w.call(w.key, http.MethodPost, "/v1/events", fmt.Sprintf("%s/%d", resource, i), body, &answer)
	if err := verdict(status, answer.Data.ID, err); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published[answer.Data.ID] = publication{resource, kind}
	return nil
}

// heard lists the accepted events that an endpoint hears of.
func (w *eventWorld) heard(e *endpoint) map[string]publication {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]publication{}
	for id, p := range w.published {
		if e.pattern == "*" || strings.HasPrefix(p.kind, strings.TrimSuffix(e.pattern, "*")) {
			out[id] = p
		}
	}
	return out
}

// died counts a kill of the engine and what was claimed then.
func (w *eventWorld) died() {
	w.t.Helper()
	w.kills++
	n := w.number(`SELECT COUNT(*) FROM work WHERE owner <> ''`)
	if n < 0 {
		w.t.Fatal("the database cannot be read after the kill")
	}
	w.claimed += n
}

// finish waits until all that was accepted has arrived by itself, drains the
// engine and audits the end.
func (w *eventWorld) finish(n *node) {
	w.t.Helper()
	w.finishWithin(time.Minute, n)
}

func (w *eventWorld) finishWithin(limit time.Duration, n *node) {
	w.t.Helper()
	w.posting.Wait()
	w.eventually(limit, "every delivery has arrived", func() bool { return w.number(`SELECT COUNT(*) FROM work`) == 0 })
	n.drain(w.t)
	w.audit()
}
