package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

func TestExitCodesTellUsageFromFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  int
		says  string
		where string
		args  []string
	}{
		{0, "afara ", "out", []string{"version"}},
		{0, "Commands:", "out", []string{"--help"}},
		{2, "afara --help", "err", nil},
		{2, "afara --help", "err", []string{"dance"}},
		{2, "--organisation", "err", []string{"env", "create", "--kind=sandbox"}},
		{2, "listen", "err", []string{"serve", "--listen=nowhere"}},
		{2, "restored-to", "err", []string{"recover", "--restored-to=yesterday"}},
		{2, "none.yaml", "err", []string{"serve", "--config=none.yaml"}},
		{1, "name", "err", []string{"org", "create", ""}},
		{1, "env_", "err", []string{"keys", "list", "--environment=prod"}},
		{1, "environment_not_found", "err", []string{"keys", "list", "--environment=env_01M837BDSQGB03CJRKP15SRA1R"}},
	} {
		got := afara(t, c.args...)
		text := got.out
		if c.where == "err" {
			text = got.err
		}
		if got.code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%q: exit %d, want %d with %q\n%s%s", c.args, got.code, c.code, c.says, got.out, got.err)
		}
	}
}

var commandLine = regexp.MustCompile(`(?m)^  ([a-z]+(?: [a-z]+)*) {2,}\S`)

func TestEveryCommandAndFlagHasHelp(t *testing.T) {
	t.Parallel()
	var visit func(path ...string)
	seen := 0
	visit = func(path ...string) {
		help := afara(t, append(path, "--help")...).want(t)
		seen++
		for _, line := range strings.Split(help, "\n") {
			if f := strings.Fields(line); len(f) == 1 && strings.HasPrefix(f[0], "--") && len(f[0]) < 20 {
				t.Errorf("%q: %s has no help", path, f[0])
			}
		}
		_, commands, _ := strings.Cut(help, "Commands:")
		for _, m := range commandLine.FindAllStringSubmatch(commands, -1) {
			visit(strings.Fields(m[1])...)
		}
	}
	visit()
	if seen < 25 {
		t.Errorf("only %d commands were found", seen)
	}
}

func TestSecretsOfTheSettingsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	env := []string{"AFARA_MASTER_KEY=" + secret, "AFARA_DATABASE_URL=postgres://u:" + secret + "@127.0.0.1:1/db", "AFARA_REDIS_URL=redis://:" + secret + "@127.0.0.1:1"}
	key := "AFARA_MASTER_KEY=aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ="
	for _, args := range [][]string{{"serve"}, {"serve", "--help"}, {"org", "list"}, {"org", "list", "--help"}, {"doctor"}, {"migrate"}} {
		for _, env := range [][]string{env, append([]string{key}, env[1:]...)} {
			got := afaraWith(t, env, args...)
			if all := got.out + got.err; strings.Contains(all, secret) || strings.Contains(all, "aHVudGVy") {
				t.Errorf("%q printed a secret:\n%s", args, all)
			}
		}
	}
}

func TestHealthIsTheEndpointsStatus(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer server.Close()
	if got := afara(t, "health", server.URL); got.code != 0 {
		t.Errorf("200: %+v", got)
	}
	status.Store(http.StatusServiceUnavailable)
	if got := afara(t, "health", server.URL); got.code != 1 || !strings.Contains(got.err, "503") {
		t.Errorf("503: %+v", got)
	}
	if got := afara(t, "health", "http://127.0.0.1:1/"); got.code != 1 {
		t.Errorf("nobody there: %+v", got)
	}
}

func TestDoctorFindsWhatIsWrongAndSaysTheFix(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	settings := []string{"--data-dir", dir, "--database-url", "sqlite:" + filepath.Join(dir, "afara.db")}
	doctor := func(more ...string) answer {
		return afara(t, append(append([]string{"doctor", "--plugin-dirs", program(t, "plugins")}, settings...), more...)...)
	}
	if got := doctor(); got.code != 0 || !holds(got.out, []string{"warn  database", "first start", "ok    connectors    firs 1.0.0, SHA-256 ", "  isolation     "}) {
		t.Errorf("before the first start: %d\n%s", got.code, got.out)
	}
	if _, err := os.Stat(filepath.Join(dir, "afara.db")); err == nil {
		t.Error("the doctor made a database")
	}
	afara(t, append([]string{"org", "create", "Adebayo"}, settings...)...).want(t)
	well := doctor()
	if well.code != 0 || !holds(well.out, []string{"ok    database", "ok    master key", "ok    disk", "ok    clock", "ok    file modes", "warn  nodes", "warn  public url"}) {
		t.Errorf("a fresh installation: %d\n%s", well.code, well.out)
	}
	if err := os.Chmod(filepath.Join(dir, "master.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := doctor(); got.code != 1 || !holds(got.out, []string{"fail  file modes", "chmod 600", "fail  master key"}) {
		t.Errorf("a key that all can read: %d\n%s", got.code, got.out)
	}
	if err := os.Remove(filepath.Join(dir, "master.key")); err != nil {
		t.Fatal(err)
	}
	if got := doctor(); got.code != 1 || !holds(got.out, []string{"fail  master key", "restore the key"}) {
		t.Errorf("a lost key: %d\n%s", got.code, got.out)
	}
	if got := doctor("--redis-url", "redis://127.0.0.1:1"); got.code != 1 || !holds(got.out, []string{"fail  redis", "AFARA_REDIS_URL"}) {
		t.Errorf("Redis away: %d\n%s", got.code, got.out)
	}
	if got := afara(t, append([]string{"doctor", "--plugin-dirs", dir + "/none"}, settings...)...); got.code != 1 || !holds(got.out, []string{"fail  connectors", "--plugin-dirs"}) {
		t.Errorf("no connectors: %d\n%s", got.code, got.out)
	}
}
