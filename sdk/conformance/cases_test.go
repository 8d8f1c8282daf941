package conformance_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/conformance"
)

func TestEveryFaultOfTheCasesIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, at string }{
		"not JSON":          {`{`, ""},
		"no settings":       {`{"cases": []}`, "/settings"},
		"unknown member":    {`{"settings": {}, "cases": [], "caess": []}`, "/caess"},
		"operation":         {`{"settings": {}, "cases": [{"name": "a", "operation": "sign", "parameters": {}}]}`, "/cases/0/operation"},
		"two faults":        {`{"settings": [], "cases": [{"name": "A b", "operation": "a.b", "parameters": {}}]}`, "/cases/0/name /settings"},
		"name twice":        {`{"settings": {}, "cases": [{"name": "a", "operation": "a.b", "parameters": {}}, {"name": "a", "operation": "a.c", "parameters": {}}]}`, "/cases/1/name"},
		"after a later one": {`{"settings": {}, "cases": [{"name": "a", "operation": "a.b", "parameters": {}, "after": ["b"]}, {"name": "b", "operation": "a.c", "parameters": {}}]}`, "/cases/0/after/0"},
		"after itself":      {`{"settings": {}, "cases": [{"name": "a", "operation": "a.b", "parameters": {}, "after": ["a"]}]}`, "/cases/0/after/0"},
		"stream after none": {`{"settings": {}, "cases": [], "streams": [{"name": "s", "after": ["a"]}]}`, "/streams/0/after/0"},
		"nothing forged":    {`{"settings": {}, "cases": [], "webhooks": [{"kind": "k", "body": {}, "readBack": true}]}`, "/webhooks/0/forged"},
		"push after none":   {`{"settings": {}, "cases": [], "webhooks": [{"kind": "k", "body": {}, "after": ["a"]}]}`, "/webhooks/0/after/0"},
		"no group":          {`{"settings": {}, "cases": [], "simulator": {"command": ["x"], "address": "ready"}}`, "/simulator/address"},
		"no document":       {`{"settings": {}, "cases": [{"name": "a", "operation": "a.b", "parameters": {}, "document": {}}]}`, "/cases/0/document"},
	} {
		_, err := conformance.ParseCases([]byte(c.text))
		var faults *schemas.ValidationError
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var at []string
		for _, v := range faults.Violations {
			at = append(at, v.Pointer)
			if v.Detail == "" || v.Fix == "" {
				t.Errorf("%s: no words at %s", name, v.Pointer)
			}
		}
		if got := strings.Join(at, " "); got != c.at {
			t.Errorf("%s: faults at %q, want %q", name, got, c.at)
		}
	}
	if _, err := conformance.ParseCases([]byte(casesOfBroken)); err != nil {
		t.Error(err)
	}
}

func TestAnUnknownPlaceholderIsSaid(t *testing.T) {
	t.Parallel()
	cases, err := conformance.ParseCases([]byte(`{"settings": {"baseUrl": "${nowhere.url}"}, "cases": []}`))
	if err != nil {
		t.Fatal(err)
	}
	report := run(t, "good", conformance.Options{Cases: cases, Only: []string{"check.good"}})
	if failed := report.Failed(); len(failed) != 1 || !strings.Contains(failed[0].Reason, "${nowhere.url}") {
		t.Errorf("got %+v", report.Results)
	}
}

func TestAManifestBesideTheProgramMustSayTheSame(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]conformance.Status{`{"name":"other"}`: conformance.Fail, "": conformance.Skip} {
		path := install(t, "good")
		if text != "" {
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "manifest.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		report, err := conformance.Run(t.Context(), conformance.Options{Binary: path, Only: []string{"manifest.file"}})
		if err != nil || len(report.Results) != 1 || report.Results[0].Status != want {
			t.Errorf("%q: %+v, %v", text, report, err)
		}
	}
}

func TestSettingsOfTheCasesThatAreNotValidAreSaid(t *testing.T) {
	t.Parallel()
	cases, err := conformance.ParseCases([]byte(`{"settings": {"baseUrl": 5, "apiKey": "k"}, "cases": []}`))
	if err != nil {
		t.Fatal(err)
	}
	report := run(t, "good", conformance.Options{Cases: cases, Only: []string{"settings.valid"}})
	if failed := report.Failed(); len(failed) != 1 || !strings.Contains(failed[0].Reason, "/baseUrl") {
		t.Errorf("got %+v", report.Results)
	}
}

func TestTheReportNeverShowsASecret(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"secrets.log", "secrets.answers", "output.stdout"} {
		report := try(t, fault, "secrets", "output", "errors")
		if len(report.Failed()) == 0 {
			t.Errorf("%s was not found", fault)
		}
		raw, err := json.Marshal(report)
		if err != nil || strings.Contains(string(raw), "canary-") {
			t.Errorf("%s: the report shows a secret, or %v: %s", fault, err, raw)
		}
	}
}

func TestABadgeCountsItsOwnChecksAndTheCommonOnes(t *testing.T) {
	t.Parallel()
	report := try(t, "webhook.old", "manifest.valid", "webhook", "invoke.valid")
	badges := map[string]string{}
	for _, b := range report.Badges {
		badges[b.Capability] = b.String()
	}
	for capability, want := range map[string]string{
		"broken": "broken: conforming (4 of 4)", "webhook": "webhook: not conforming (8 of 9)",
	} {
		if badges[capability] != want {
			t.Errorf("badge %q, want %q", badges[capability], want)
		}
	}
}
