package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTriggerPublishesASampleOrWhatItIsGiven(t *testing.T) {
	t.Parallel()
	f := newFakeEngine(t)
	file := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(file, []byte(`{"note":"<b>"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"AFARA_API_URL=" + f.URL, "AFARA_API_KEY=" + fakeKey}
	for _, args := range [][]string{{"receipt.created"}, {"receipt.created", "--resource", "rcp_1", "--data", file}} {
		if got := afaraWith(t, env, append([]string{"trigger"}, args...)...).want(t); got != "evt_01K1X2Z26VPAVPTMTA3CGTWCQ8" {
			t.Errorf("%q printed %q", args, got)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if sample := f.posted[0]; !strings.HasPrefix(sample, `{"event":"receipt.created","data":{`) || strings.Contains(sample, "resourceId") {
		t.Errorf("sample: %s", sample)
	}
	if want := `{"event":"receipt.created","data":{"note":"<b>"},"resourceId":"rcp_1"}`; f.posted[1] != want {
		t.Errorf("got %s, want %s", f.posted[1], want)
	}
}

func TestTriggerSaysWhatItCanPublishAndWhatWasWrong(t *testing.T) {
	t.Parallel()
	f := newFakeEngine(t)
	dir := t.TempDir()
	bad, refused := filepath.Join(dir, "bad.json"), filepath.Join(dir, "refused.json")
	for path, text := range map[string]string{bad: "{", refused: `{"x":"refuse me"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := afara(t, "trigger", "--list").want(t); !holds(got, []string{"invoice.signed\n", "receipt.created"}) {
		t.Errorf("list: %s", got)
	}
	for _, c := range []struct {
		code int
		says []string
		args []string
	}{
		{2, []string{"dance", "invoice.signed", "receipt.created"}, []string{"dance"}},
		{2, []string{"--list"}, nil},
		{1, []string{"AFARA_API_KEY"}, []string{"receipt.created"}},
		{1, []string{"not JSON"}, []string{"receipt.created", "--key", fakeKey, "--data", bad}},
		{1, []string{"422", "breaks a rule", "/data/amountKobo: is no integer: write kobo"}, []string{"receipt.created", "--key", fakeKey, "--data", refused}},
	} {
		got := afara(t, append([]string{"trigger", "--api", f.URL}, c.args...)...)
		if got.code != c.code || !holds(got.err, c.says) {
			t.Errorf("%q: exit %d, want %d with %q\n%s", c.args, got.code, c.code, c.says, got.err)
		}
	}
}
