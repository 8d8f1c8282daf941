package secret_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/secret"
)

func TestSigningSecretIsStandardWebhooksForm(t *testing.T) {
	t.Parallel()
	s := secret.NewSigningSecret()
	text, ok := strings.CutPrefix(s, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) != 32 {
		t.Errorf("%d bytes, prefix %v, %v", len(key), ok, err)
	}
	if s == secret.NewSigningSecret() {
		t.Error("two secrets are equal")
	}
}

func TestHashRecognisesItsSecretOnly(t *testing.T) {
	t.Parallel()
	a, b := secret.NewAPISecret(), secret.NewAPISecret()
	if !secret.Matches(secret.Hash(a), a) || secret.Matches(secret.Hash(a), b) || secret.Matches(secret.Hash(a), "") {
		t.Error("a hash does not tell its secret from others")
	}
	if strings.Contains(secret.Hash(a), a) || strings.ContainsAny(a, ":, ") || len(a) != 43 {
		t.Errorf("secret of %d characters", len(a))
	}
	// SHA-256 of "abc", FIPS 180-2: hashes must stay what earlier builds stored.
	if secret.Hash("abc") != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error("the stored form has changed")
	}
}

func TestMaskedNeverShowsItsValue(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	type inner struct{ hidden secret.Masked }
	m := secret.Mask(value)
	asJSON, err := json.Marshal(map[string]any{"m": m})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "m", m, "p", &m)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "m", m, "s", inner{m})
	all := string(asJSON) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T", "%p"} {
		all += fmt.Sprintf(verb, m) + fmt.Sprintf(verb, inner{m}) + fmt.Sprintf(verb, &inner{m})
	}
	if strings.Contains(all, value) || strings.Contains(all, "68756e74657232") || !strings.Contains(all, "[set]") {
		t.Error(all)
	}
	if m.Reveal() != value || !m.IsSet() || (secret.Masked{}).IsSet() || (secret.Masked{}).Reveal() != "" {
		t.Error("the value itself is lost")
	}
	if (secret.Masked{}).String() != "[not set]" {
		t.Error((secret.Masked{}).String())
	}
}

func TestMaskedReadsFromText(t *testing.T) {
	t.Parallel()
	var m secret.Masked
	if err := m.UnmarshalText([]byte("v")); err != nil || m.Reveal() != "v" {
		t.Errorf("%q, %v", m.Reveal(), err)
	}
}
