//go:build linux

package chaostest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// endpoint is a registered webhook of a server of its own. What comes is
// verified with its secret and kept in its order.
type endpoint struct {
	receiver
	id      domain.EndpointID
	pattern string
	ordered bool

	status  atomic.Int64 // of its answers
	holding atomic.Bool  // it answers nothing until the sender is gone
	held    atomic.Int64

	arrivals sync.Mutex
	came     []arrival
}

// arrival is one request whose body came whole.
type arrival struct {
	Event    string `json:"eventId"`
	Sequence int64  `json:"sequence"`
}

func newEndpoint(t *testing.T, pattern string, ordered bool, now func() time.Time) *endpoint {
	t.Helper()
	e := &endpoint{pattern: pattern, ordered: ordered, receiver: receiver{now: now, events: map[string]told{}}}
	e.status.Store(http.StatusOK)
	e.Server = httptest.NewServer(http.HandlerFunc(e.take))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender died while sending; it comes again
	}
	e.log(body)
	e.check(req.Header, body)
	if e.holding.Load() {
		e.held.Add(1)
		<-req.Context().Done()
		e.held.Add(-1)
	}
	w.WriteHeader(int(e.status.Load()))
}

func (e *endpoint) log(body []byte) {
	var a arrival
	_ = json.Unmarshal(body, &a) // check says so when it is no JSON
	e.arrivals.Lock()
	defer e.arrivals.Unlock()
	e.came = append(e.came, a)
}

func (e *endpoint) arrived() []arrival {
	e.arrivals.Lock()
	defer e.arrivals.Unlock()
	return append([]arrival{}, e.came...)
}

// register makes the world's endpoints, as the command line does it: without a
// running engine. A retry is due after seconds of the engine's clock.
func (w *eventWorld) register(e *engine.Engine, env domain.Environment) {
	w.t.Helper()
	for _, one := range w.endpoints {
		draft, err := e.Callbacks.CreateEndpoint(w.t.Context(), env, callback.EndpointPatch{
			URL: &one.URL, Events: &[]string{one.pattern}, Ordered: &one.ordered,
			Retry: json.RawMessage(`{"schedule":[15,15,15,15,15,15,15,15,15,15]}`),
		})
		must(w.t, err)
		must(w.t, e.Applier.Apply(w.t.Context(), domain.Change{Parts: draft.Parts}))
		var answer struct {
			Data struct {
				ID     domain.EndpointID `json:"id"`
				Secret string            `json:"secret"`
			} `json:"data"`
		}
		must(w.t, json.Unmarshal(draft.Answer, &answer))
		one.id, one.secrets = answer.Data.ID, []string{answer.Data.Secret}
	}
}
