//go:build linux

package chaostest

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

// TestOneVendorDownStopsNobodyElse: while the authority takes a minute for each
// answer, a second connector's invoices go their whole way, callbacks included,
// and not one of the authority's does.
func TestOneVendorDownStopsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, embedded, 1, "")
	w.name = "one vendor down"
	registryOf := echo.New(echo.Options{APIKey: "echo-key-1234"})
	other := w.second(registryOf)
	must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultSlow, Operation: "*", DelayMillis: 60_000}))
	n := w.start("")
	w.post(w.key, 8, numbered("SLOW", 50))
	w.eventually(time.Minute, "the authority holds all fifty up", func() bool {
		return w.number(`SELECT COUNT(*) FROM work WHERE stream LIKE '%firs%' AND owner <> ''`) == 50
	})
	w.post(other, 8, numbered("QUICK", 200))
	w.eventually(time.Minute, "all 200 of the other vendor were told", func() bool { return w.told("QUICK") == 200 })
	if held := w.told("SLOW"); held != 0 {
		t.Errorf("%d invoices of the vendor that is down were told too: it was not down", held)
	}
	w.authority.Heal()
	n.kill() // so that nobody waits for the answers that are a minute away
	w.kills++
	w.finish(w.start(""), time.Minute)
	if c := registryOf.Counters(); c.Registered != 200 || c.Violations != 0 {
		t.Errorf("the other vendor registered %d, with %d violations", c.Registered, c.Violations)
	}
}

// second makes another organisation, whose invoices go to the other vendor,
// and answers its key.
func (w *world) second(vendor *echo.Simulator) (key string) {
	w.t.Helper()
	server := httptest.NewServer(vendor)
	w.t.Cleanup(server.Close)
	settings, err := json.Marshal(map[string]string{"baseUrl": server.URL, "apiKey": "echo-key-1234"})
	must(w.t, err)
	w.offline(func(e *engine.Engine) {
		var env domain.EnvironmentID
		env, key = w.environment(e, "Iroko Stores")
		_, err := e.Registry.Put(w.t.Context(), registry.NewConnection{
			Environment: env, Kind: domain.Sandbox, Connector: "echo", Enabled: true, Settings: settings,
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
