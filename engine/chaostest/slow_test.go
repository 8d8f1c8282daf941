//go:build linux

package chaostest

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

const (
	// inFlight is the pool of each connector: more of the vendor that is down
	// wait than it holds.
	inFlight = 16
	// each is how many invoices one measurement takes.
	each = 100
)

// TestOneVendorDownStopsNobodyElse: while the authority answers nobody, a second
// connector's invoices go their whole way, callbacks included, about as fast as
// before: when all calls to the authority hang, and when they have timed out
// and are tried again. Not one of the authority's ends.
func TestOneVendorDownStopsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, embedded, 4, "")
	w.name = "one vendor down"
	w.args = append(w.args, "--pool", strconv.Itoa(inFlight))
	registryOf := echo.New(echo.Options{APIKey: "echo-key-1234"})
	other := w.second(registryOf)
	n := w.start("")
	w.takes(other, "WARM")
	healthy := w.takes(other, "BEFORE")
	must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultHang, Operation: "*"}))
	w.post(w.key, 8, numbered("STUCK", 3*inFlight))
	w.eventually(time.Minute, "the authority holds up as many as may be in flight", func() bool {
		return w.number(`SELECT COUNT(*) FROM work WHERE stream LIKE '%firs%' AND owner <> ''`) == inFlight
	})
	hanging := w.takes(other, "HANGING")
	w.eventually(2*time.Minute, "the first calls have timed out", func() bool {
		return w.number(`SELECT COUNT(*) FROM message WHERE last_class = 'unavailable'`) >= inFlight
	})
	retrying := w.takes(other, "RETRYING")
	t.Logf("%d invoices took %s before, %s while calls hung, %s while they were retried", each, healthy, hanging, retrying)
	if limit := max(10*time.Second, 5*healthy); hanging > limit || retrying > limit {
		t.Errorf("the vendor that is well was slower than %s", limit)
	}
	if ended := w.told("STUCK"); ended != 0 {
		t.Errorf("%d invoices of the vendor that is down were told too: it was not down", ended)
	}
	w.authority.Heal()
	n.kill() // so that nobody waits for the deadlines of calls that hang
	w.kills++
	w.finish(w.start(""), 2*time.Minute)
	if c := registryOf.Counters(); c.Registered != 4*each || c.Violations != 0 {
		t.Errorf("the other vendor registered %d, with %d violations", c.Registered, c.Violations)
	}
}

// takes measures how long invoices take from the first request to the last
// callback.
func (w *world) takes(key, prefix string) time.Duration {
	w.t.Helper()
	began := time.Now()
	w.post(key, 8, numbered(prefix, each))
	w.eventually(2*time.Minute, "all of "+prefix+" were told", func() bool { return w.told(prefix) == each })
	return time.Since(began)
}

// second makes another organisation, whose invoices go to the other vendor,
// and answers its key.
func (w *world) second(vendor *echo.Simulator) (key string) {
	w.t.Helper()
	server := httptest.NewServer(vendor)
	w.t.Cleanup(server.Close)
	settings, err := json.Marshal(map[string]string{"baseUrl": server.URL, "apiKey": "echo-key-1234"})
	must(w.t, err)
	return w.organisation("echo", settings)
}

// organisation makes one whose invoices go to a connector, and answers its key.
func (w *world) organisation(connector string, settings json.RawMessage) (key string) {
	w.t.Helper()
	w.offline(func(e *engine.Engine) {
		var env domain.EnvironmentID
		env, key = w.environment(e, "Iroko Stores")
		_, err := e.Registry.Put(w.t.Context(), registry.NewConnection{
			Environment: env, Kind: domain.Sandbox, Connector: connector, Enabled: true, Settings: settings,
		})
		must(w.t, err)
	})
	w.extra[key] = map[string]any{
		"business_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
		"accounting_supplier_party": map[string]any{
			"party_name": "Iroko Stores", "tin": "12345678-0002", "email": "tax@iroko.example",
			"postal_address": map[string]string{"street_name": "2 Marina", "city_name": "Lagos", "country": "NG"},
		},
	}
	return key
}

// told counts the invoices with that prefix of whose end an event came.
func (w *world) told(prefix string) int {
	ended, n := w.receiver.ended(), 0
	for id, number := range w.acceptedIDs() {
		if strings.HasPrefix(number, prefix) && len(ended[id]) > 0 {
			n++
		}
	}
	return n
}
