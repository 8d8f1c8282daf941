package main

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// settingsSchema is the manifest's.
func settingsSchema(t testing.TB) *schemas.Schema {
	t.Helper()
	m, err := schemas.ParseManifest(manifest)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := schemas.Compile(m.Settings)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheSettingsSchemaTakesWhatTheConnectorReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	schema := settingsSchema(t)
	all := map[string]any{
		"appApiKey": "k", "appApiSecret": "s", "keyHeader": "api-key", "secretHeader": "api-secret", "serviceId": b.business.ServiceID,
		"integratorServiceId": "SI000001", "cryptoKeys": "x", "transmits": true, "trustConfirm": true, "maxConnections": 8,
		"notFound":        map[string]any{"statuses": []int{404}, "texts": []string{"not found"}},
		"paymentStatuses": map[string]string{"CANCELLED": "CANCELED"},
		"timeouts":        map[string]string{"read": "5s", "act": "500ms", "idle": "1m"},
	}
	for name, value := range all {
		b.set(name, value)
	}
	raw, err := json.Marshal(b.settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(raw); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	for name, value := range map[string]any{
		"baseUrl": "ftp://x", "businessId": "1", "serviceId": "SHORT", "keyHeader": "a b", "supplier": map[string]any{"tin": "12345"},
		"timeouts": map[string]string{"act": "soon"}, "notFound": map[string]any{"statuses": []int{200}}, "unknown": true,
	} {
		changed := map[string]any{}
		for k, v := range b.settings {
			changed[k] = v
		}
		changed[name] = value
		raw, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(raw); err == nil {
			t.Errorf("%s: %v was accepted", name, value)
		}
	}
}

func TestEverySecretIsMarked(t *testing.T) {
	t.Parallel()
	var m struct {
		Settings struct {
			Properties map[string]struct {
				Secret bool `json:"x-afara-secret"`
			} `json:"properties"`
		} `json:"settings"`
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"apiKey", "apiSecret", "appApiKey", "appApiSecret", "certificate", "cryptoKeys"} {
		if !m.Settings.Properties[name].Secret {
			t.Errorf("%s is not marked as a secret", name)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"irnTemplate":"{{invoice_id}}-59854B81-{{YYYYMMDD}}","timeouts":{"act":"5s"}}`))
	f.Add([]byte(`{"serviceId":"59854B81","cryptoKeys":"{\"public_key\":\"\"}","appApiKey":"x"}`))
	f.Add([]byte(`{"timeouts":{"act":"-5s"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s settings
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		s.fill()
		if _, err := s.parse(); err == nil && s.Timeouts.Act == 0 {
			t.Fatal("no time-out")
		}
	})
}
