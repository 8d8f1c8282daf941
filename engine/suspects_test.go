//go:build linux

package engine_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
)

// poisoned is an invoice that is its connector's death, or not; and one whose
// number begins with POISON is.
func (w *world) poisoned(key, number string) (id string) {
	w.t.Helper()
	own := *w
	own.key = key
	invoice := w.invoice(number)
	invoice["business_id"] = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	invoice["accounting_supplier_party"] = map[string]any{
		"party_name": "Iroko Stores", "tin": "12345678-0002", "email": "tax@iroko.example",
		"postal_address": map[string]string{"street_name": "2 Marina", "city_name": "Lagos", "country": "NG"},
	}
	var a answer
	if code := own.call("POST", "/si/invoices", map[string]any{"invoice": invoice}, &a); code != http.StatusAccepted {
		w.t.Errorf("%s: status %d", number, code)
	}
	return a.ID
}

// TestOnlyWhatCrashesAConnectorAloneIsHeld: a real process dies of one invoice
// while others are in its hands. All of them become suspects, those that see it
// die again run alone, and the one that is the cause is held.
func TestOnlyWhatCrashesAConnectorAloneIsHeld(t *testing.T) {
	t.Parallel()
	const name, innocents = "poisoned", 3
	dir := hostileConnectors(t, name)
	w := start(t, func(c *config.Config) { c.PluginDirs = append(c.PluginDirs, dir) })
	key := w.poisonedConnection(name)
	var group sync.WaitGroup
	numbers := []string{"GOOD-1", "GOOD-2", "GOOD-3", "POISON-1"}
	ids := make([]string, len(numbers))
	for i, number := range numbers {
		group.Go(func() { ids[i] = w.poisoned(key, number) })
	}
	group.Wait()
	for range innocents {
		for e := w.receiver.next(t); e.Type != "invoice.signed"; e = w.receiver.next(t) {
			if e.Data["id"] != ids[innocents] {
				t.Errorf("%s was told of %v, which is innocent", e.Type, e.Data["id"])
			}
		}
	}
	own := *w
	own.key = key
	var held answer
	eventually(t, "the poison is held", func() bool {
		own.call("GET", "/si/invoices/"+ids[innocents], nil, &held)
		return held.HeldReason != nil
	})
	if *held.HeldReason != "connector_crashed" {
		t.Errorf("held: %s", *held.HeldReason)
	}
	const alone = "dies with 1 inside"
	var deaths []string
	eventually(t, "the connector's last words are in its log", func() bool {
		var c shownConnector
		own.call("GET", "/si/connectors/registry/"+name, nil, &c)
		deaths = slices.DeleteFunc(c.Nodes[0].Log, func(line string) bool { return !strings.HasPrefix(line, "dies with") })
		return slices.Contains(deaths, alone)
	})
	// Among all, perhaps among the suspects too, and then alone.
	if n := len(deaths); n < 2 || n > 3 || slices.Index(deaths, alone) != n-1 {
		t.Errorf("it should die among others, then alone: %q", deaths)
	}
}

// poisonedConnection makes an environment whose invoices go to the hostile
// connector, and answers its key.
func (w *world) poisonedConnection(name string) (key string) {
	w.t.Helper()
	org, err := w.engine.Tenants.CreateOrganisation(w.t.Context(), "Iroko Stores")
	must(w.t, err)
	env, err := w.engine.Tenants.CreateEnvironment(w.t.Context(), tenant.NewEnvironment{
		Organisation: org.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	must(w.t, err)
	key, _, err = w.engine.Tenants.CreateKey(w.t.Context(), env.ID, []domain.Scope{domain.ScopeWrite, domain.ScopeOps}, "test")
	must(w.t, err)
	secrets, err := w.engine.Tenants.SigningSecrets(w.t.Context(), env.ID)
	must(w.t, err)
	w.receiver.secrets = append(w.receiver.secrets, secrets...)
	_, err = w.engine.Registry.Put(w.t.Context(), registry.NewConnection{
		Environment: env.ID, Kind: domain.Sandbox, Connector: name, Enabled: true, Settings: []byte(`{"region":"lagos"}`),
	})
	must(w.t, err)
	return key
}
