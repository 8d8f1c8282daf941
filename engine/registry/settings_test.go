package registry_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/schemas"
)

// asking are installed connectors with one schema of settings.
type asking json.RawMessage

// Manifest implements registry.Manifests.
func (a asking) Manifest(name string, _ domain.EnvironmentKind) (*schemas.Manifest, bool) {
	return &schemas.Manifest{Name: name, Version: "1.0.0", Settings: json.RawMessage(a)}, true
}

func TestSecretsAreStoredSealedOnlyWhereverTheyStand(t *testing.T) {
	onBoth(t, func(w *world) {
		for name, schema := range map[string]string{
			"top":     `{"properties":{"auth":{"x-afara-secret":true}}}`,
			"nested":  `{"properties":{"auth":{"type":"object","properties":{"token":{"x-afara-secret":true}}}}}`,
			"branch":  `{"allOf":[{"properties":{"auth":{"properties":{"token":{"x-afara-secret":true}}}}}]}`,
			"shared":  `{"properties":{"auth":{"properties":{"token":{"$ref":"#/$defs/secret"}}}},"$defs":{"secret":{"x-afara-secret":true}}}`,
			"pattern": `{"properties":{"auth":{"patternProperties":{"^t":{"x-afara-secret":true}}}}}`,
		} {
			s := w.service(func(c *registry.Config) { c.Manifests = asking(schema) })
			c, err := w.put(s, name, func(n *registry.NewConnection) {
				n.Settings = json.RawMessage(`{"url":"https://a.example","auth":{"token":"hunter2"}}`)
			})
			w.must(err)
			if shown := string(c.Settings); strings.Contains(shown, "hunter2") || !strings.Contains(shown, `"url":"https://a.example"`) {
				w.Errorf("%s: settings_public is %s", name, shown)
			}
			if settings, _, _, err := s.Secrets(w.Context(), c.ID); err != nil || !strings.Contains(string(settings), "hunter2") {
				w.Errorf("%s: the sealed settings are %s, %v", name, settings, err)
			}
		}
	})
}

// The settings of our own connectors have their secrets at the top; all else
// must show as it was given, for invoices take their seller from it.
func TestOurConnectorsShowAllButTheirSecrets(t *testing.T) {
	onBoth(t, func(w *world) {
		for connector, c := range map[string]struct{ settings, shown string }{
			"echo": {
				`{"baseUrl":"http://127.0.0.1:8090/echo","apiKey":"echo-key-1","webhookSecret":"0123456789abcdef"}`,
				`{"apiKey":"••••••••","baseUrl":"http://127.0.0.1:8090/echo","webhookSecret":"••••••••"}`,
			},
			"firs": {
				`{"baseUrl":"http://127.0.0.1:8090/firs","apiKey":"k","apiSecret":"s","appApiKey":"k2","appApiSecret":"s2","cryptoKeys":"c","certificate":"d","publicKey":"p",
				 "businessId":"6f1e4a52-8f0b-4d55-9a38-0d6a3c1d2b10","serviceId":"94ND90NR","keyHeader":"x-key","transmits":true,
				 "supplier":{"email":"tax@baobabfoods.example","party_name":"Baobab Foods","postal_address":{"city_name":"Lagos","country":"NG"},"tin":"12345678-0001"},
				 "notFound":{"statuses":[400,404],"texts":["no record"]},"paymentStatuses":{"PAID":"SETTLED"},"timeouts":{"read":"20s"}}`,
				`{"apiKey":"••••••••","apiSecret":"••••••••","appApiKey":"••••••••","appApiSecret":"••••••••","baseUrl":"http://127.0.0.1:8090/firs","businessId":"6f1e4a52-8f0b-4d55-9a38-0d6a3c1d2b10",` +
					`"certificate":"••••••••","cryptoKeys":"••••••••","keyHeader":"x-key","notFound":{"statuses":[400,404],"texts":["no record"]},"paymentStatuses":{"PAID":"SETTLED"},"publicKey":"p","serviceId":"94ND90NR",` +
					`"supplier":{"email":"tax@baobabfoods.example","party_name":"Baobab Foods","postal_address":{"city_name":"Lagos","country":"NG"},"tin":"12345678-0001"},"timeouts":{"read":"20s"},"transmits":true}`,
			},
		} {
			raw, err := os.ReadFile(filepath.Join("..", "..", "plugins", connector, "manifest.json"))
			w.must(err)
			m, err := schemas.ParseManifest(raw)
			w.must(err)
			s := w.service(func(c *registry.Config) { c.Manifests = asking(m.Settings) })
			got, err := w.put(s, connector, func(n *registry.NewConnection) { n.Settings = json.RawMessage(c.settings) })
			w.must(err)
			if string(got.Settings) != c.shown {
				w.Errorf("%s shows %s", connector, got.Settings)
			}
		}
	})
}
