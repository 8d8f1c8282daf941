package schemas_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

func TestAManifestIsParsed(t *testing.T) {
	t.Parallel()
	m, err := schemas.ParseManifest(examples(t, "manifest")["full"])
	if err != nil {
		t.Fatal(err)
	}
	sign, ok := m.Operation("invoice.sign")
	if !ok || sign.Effect != schemas.EffectKeyed || time.Duration(sign.SettlesAfter) != 2*time.Minute || sign.Lookup != "invoice.lookup" {
		t.Errorf("invoice.sign is %+v", sign)
	}
	if _, ok := m.Operation("invoice.transmit"); ok {
		t.Error("an operation appeared that the manifest does not have")
	}
	if m.ReferenceKey.MaxLength != 32 || m.RateLimits[1].Requests != 1000 || m.Limits.MaxInFlight != 256 || !m.Operations[4].SandboxOnly {
		t.Errorf("got %+v", m)
	}
}

func TestEveryInvalidManifestIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	for _, c := range schematest.Load(t, filepath.Join(testdata, "invalid", "manifest")) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			_, err := schemas.ParseManifest(c.Body)
			wantFaults(t, refused(t, err).Violations, c.Expect)
		})
	}
}

func FuzzParseManifest(f *testing.F) {
	for _, body := range examples(f, "manifest") {
		f.Add(body)
	}
	f.Add([]byte(`{"settings":{"$ref":"#"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := schemas.ParseManifest(raw)
		if (m == nil) == (err == nil) {
			t.Errorf("manifest %v, error %v", m, err)
		}
	})
}

func TestADurationIsWrittenAsGoWritesIt(t *testing.T) {
	t.Parallel()
	var d schemas.Duration
	for _, bad := range []string{`30`, `"30"`, `"soon"`, `null1`} {
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s became %v", bad, d)
		}
	}
	if err := json.Unmarshal([]byte(`"1m30s"`), &d); err != nil || time.Duration(d) != 90*time.Second {
		t.Errorf("got %v, %v", d, err)
	}
}
