package invoice_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

func rule() schemas.ReferenceKey { return *seller().ReferenceKey }

func TestANumberBecomesAReferenceKey(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"INV25-217-122312346-Q42FME": "INV25217122312346Q42FME",
		"inv/2025.001":               "INV2025001",
		" a b-c ":                    "ABC",
		strings.Repeat("9", 32):      strings.Repeat("9", 32),
	} {
		got, fault := invoice.Normalise(number, rule())
		if fault != nil || got != want {
			t.Errorf("%q gave %q, %v, want %q", number, got, fault, want)
		}
	}
}

func TestANumberThatMakesNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	for number, code := range map[string]string{
		"":                       "number_empty",
		"-/. ":                   "number_empty",
		strings.Repeat("9", 33):  "number_too_long",
		"INV_1":                  "number_characters",
		"INV-É":                  "number_characters",
		"ſ1":                     "", // the long s is S in capitals
		"INV\n1":                 "number_characters",
		"ＩＮＶ１":                   "number_characters",
		"INV1\u200b":             "number_characters",
		strings.Repeat("-", 999): "number_empty",
	} {
		_, fault := invoice.Normalise(number, rule())
		switch {
		case code == "" && fault != nil:
			t.Errorf("%q: %v", number, fault)
		case code != "" && (fault == nil || fault.Code != code || fault.Pointer != "/invoice_number"):
			t.Errorf("%q: want %s, got %v", number, code, fault)
		}
	}
}

func TestAConnectorMayHaveAnotherRule(t *testing.T) {
	t.Parallel()
	lower := schemas.ReferenceKey{Case: "lower", Pattern: "[a-z]{2}-[0-9]+", MaxLength: 10}
	if got, fault := invoice.Normalise("AB-12", lower); fault != nil || got != "ab-12" {
		t.Errorf("got %q, %v", got, fault)
	}
	if _, fault := invoice.Normalise("AB-12x", lower); fault == nil {
		t.Error("a pattern without anchors let more through")
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add("INV-1")
	f.Add("ß/é")
	f.Fuzz(func(t *testing.T, number string) {
		key, fault := invoice.Normalise(number, rule())
		if fault != nil {
			return
		}
		if again, fault := invoice.Normalise(key, rule()); fault != nil || again != key {
			t.Errorf("%q gave %q, and that %q, %v", number, key, again, fault)
		}
	})
}
