package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/afara-dev/afara/engine/config"
)

func noEnv(string) (string, bool) { return "", false }

func env(values map[string]string) config.Getenv {
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

func load(t *testing.T, getenv config.Getenv, args ...string) *config.Config {
	t.Helper()
	c, err := config.Load(args, getenv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "afara.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsRunWithoutAnySetting(t *testing.T) {
	t.Parallel()
	c := load(t, noEnv)
	if c.Listen != "127.0.0.1:8080" || c.DatabaseURL.Reveal() != "sqlite:./data/afara.db" || c.RedisURL.IsSet() {
		t.Errorf("listen %q, database %q, redis set %v", c.Listen, c.DatabaseURL.Reveal(), c.RedisURL.IsSet())
	}
	if !slices.Equal(c.Roles, []string{"api", "worker", "delivery"}) || !c.Embedded() || !c.Metrics {
		t.Errorf("roles %v, embedded %v, metrics %v", c.Roles, c.Embedded(), c.Metrics)
	}
	if c.BacklogLimit != 10_000 || c.Pool != 1024 || c.PerConnection != 1024 || c.Window != 2000 || c.MaxAttempts != 5 {
		t.Errorf("limits %d %d %d %d %d", c.BacklogLimit, c.Pool, c.PerConnection, c.Window, c.MaxAttempts)
	}
	if c.HoldAfter != 72*time.Hour || c.CallbackTimeout() != 5*time.Second || c.MaxBody != 1<<20 || c.ShutdownTimeout != 30*time.Second {
		t.Errorf("times %v %v, body %d, stop %v", c.HoldAfter, c.CallbackTimeout(), c.MaxBody, c.ShutdownTimeout)
	}
	if c.CallbackAllowHTTP || len(c.CallbackAllowlist) != 0 || len(c.CallbackCIDRs) != 0 {
		t.Error("the callback guard is open by default")
	}
}

func TestFlagWinsOverVariableOverFileOverDefault(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "listen: 127.0.0.1:1\nwindow: 11\npool: 12\nmax-attempts: 9\n")
	c := load(t, env(map[string]string{"AFARA_CONFIG": path, "AFARA_LISTEN": "127.0.0.1:2", "AFARA_WINDOW": "22"}), "--listen=127.0.0.1:3")
	if c.Listen != "127.0.0.1:3" || c.Window != 22 || c.Pool != 12 || c.PerConnection != 1024 {
		t.Errorf("listen %q (flag), window %d (variable), pool %d (file), per-connection %d (default)", c.Listen, c.Window, c.Pool, c.PerConnection)
	}
}

func TestSettingsWorkInsideACommand(t *testing.T) {
	t.Parallel()
	parse := func(args ...string) (*config.Config, error) {
		var cli struct {
			Serve struct{ config.Config } `cmd:""`
		}
		options, err := config.Options(args, env(map[string]string{"AFARA_WINDOW": "7", "AFARA_CONFIG": writeFile(t, "pool: 8\n")}))
		if err != nil {
			t.Fatal(err)
		}
		parser, err := kong.New(&cli, options...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(args)
		return &cli.Serve.Config, err
	}
	c, err := parse("serve", "--listen=127.0.0.1:9")
	if err != nil || c.Listen != "127.0.0.1:9" || c.Window != 7 || c.Pool != 8 {
		t.Errorf("listen %q, window %d, pool %d, %v", c.Listen, c.Window, c.Pool, err)
	}
	if _, err := parse("serve", "--listen=x"); err == nil {
		t.Error("a command's settings are not checked")
	}
}

func TestFileIsNamedByFlagOrVariable(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "window: 11\n")
	for name, args := range map[string][]string{"joined": {"--config=" + path}, "apart": {"--config", path}} {
		if c := load(t, noEnv, args...); c.Window != 11 {
			t.Errorf("%s: window %d", name, c.Window)
		}
	}
}

func TestFileKeepsTheTextOfItsValues(t *testing.T) {
	t.Parallel()
	path := writeFile(t, `
hold-after: 48h
roles: [api, worker, delivery]
callback-allowlist:
  - hooks.example.com:8443/in
  - https://example.org/in/
callback-allow-http: true
metrics: false
redis-url:
`)
	c := load(t, noEnv, "--config", path)
	if c.HoldAfter != 48*time.Hour || len(c.Roles) != 3 || !c.CallbackAllowHTTP || c.Metrics || c.RedisURL.IsSet() {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.CallbackAllowlist, []string{"hooks.example.com:8443/in", "https://example.org/in/"}) {
		t.Errorf("allowlist %q", c.CallbackAllowlist)
	}
}

func TestSeedNamesOfCallbackSettingsWork(t *testing.T) {
	t.Parallel()
	c := load(t, env(map[string]string{
		"ONBOARDING_CALLBACK_ALLOWLIST":  "a.example,b.example",
		"ONBOARDING_CALLBACK_ALLOW_HTTP": "true",
		"ONBOARDING_CALLBACK_TIMEOUT_MS": "1500",
	}))
	if len(c.CallbackAllowlist) != 2 || !c.CallbackAllowHTTP || c.CallbackTimeout() != 1500*time.Millisecond {
		t.Errorf("%v %v %v", c.CallbackAllowlist, c.CallbackAllowHTTP, c.CallbackTimeout())
	}
}

func TestBadSettingsAreNamedWithRuleAndFix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ arg, name string }{
		{"--listen=nowhere", "listen"},
		{"--listen=127.0.0.1:99999", "listen"},
		{"--public-url=ftp://x", "public-url"},
		{"--public-url=https://u:p@x", "public-url"},
		{"--roles=api,chef,worker,delivery", "roles"},
		{"--roles=api,worker,delivery,api", "roles"},
		{"--roles=api,worker", "roles"},
		{"--database-url=mysql://x", "database-url"},
		{"--database-url=sqlite:", "database-url"},
		{"--redis-url=http://x", "redis-url"},
		{"--master-key=short", "master-key"},
		{"--plugin-dirs=", "plugin-dirs"},
		{"--drain-timeout=0s", "drain-timeout"},
		{"--pool=0", "pool"},
		{"--per-connection=-1", "per-connection"},
		{"--window=0", "window"},
		{"--lease-margin=1ms", "lease-margin"},
		{"--max-attempts=0", "max-attempts"},
		{"--hold-after=1s", "hold-after"},
		{"--backlog-limit=0", "backlog-limit"},
		{"--backlog-total=5", "backlog-total"},
		{"--max-body=1", "max-body"},
		{"--max-body=1048577", "max-body: 1048577 is above 1048576, the longest document"},
		{"--shutdown-timeout=0s", "shutdown-timeout"},
		{"--callback-timeout-ms=1", "callback-timeout-ms"},
		{"--callback-in-flight=0", "callback-in-flight"},
		{"--callback-allow-cidrs=10.0.0.1/8", "callback-allow-cidrs"},
		{"--callback-allowlist=a,,b", "callback-allowlist"},
		{"--synchronous=OFF", "synchronous"},
		{"--log-format=xml", "log-format"},
		{"--log-level=loud", "log-level"},
		{"--pprof=0.0.0.0:6060", "pprof"},
		{"--pprof=6060", "pprof"},
	} {
		_, err := config.Load([]string{c.arg}, noEnv)
		if err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v", c.arg, err)
		}
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"--listen=x", "--pool=0", "--callback-timeout-ms=0"}, noEnv)
	for _, name := range []string{"listen:", "pool:", "callback-timeout-ms:"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
}

func TestPostgreSQLWantsMasterKeyAndRedis(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"--database-url=postgres://h/db"}, noEnv)
	if err == nil || !strings.Contains(err.Error(), "master-key") || !strings.Contains(err.Error(), "redis-url") {
		t.Errorf("%v", err)
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	c := load(t, noEnv, "--database-url=postgres://h/db", "--redis-url=redis://h", "--master-key="+key, "--roles=api")
	if c.Embedded() || c.Has(config.RoleWorker) || !c.Has(config.RoleAPI) {
		t.Errorf("%+v", c)
	}
}

func TestUnknownNamesInTheFileAreRefused(t *testing.T) {
	t.Parallel()
	_, err := config.Load(nil, env(map[string]string{"AFARA_CONFIG": writeFile(t, "lissen: x\nwindow: 3\n")}))
	if err == nil || !strings.Contains(err.Error(), "lissen") || strings.Contains(err.Error(), "window") {
		t.Errorf("%v", err)
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"list": "- a\n", "nested": "listen: {a: b}\n", "not yaml": "a: b: c\n", "deep list": "roles: [[api]]\n",
		"twice": "window: 1\nwindow: 2\n",
	} {
		if _, err := config.Load([]string{"--config", writeFile(t, text)}, noEnv); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := config.Load([]string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, noEnv); err == nil {
		t.Error("a missing file was accepted")
	}
	load(t, noEnv, "--config", writeFile(t, "")) // an empty one is fine
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const password = "hunter2hunter2"
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	c := load(t, noEnv, "--redis-url=redis://:"+password+"@h", "--database-url=postgres://u:"+password+"@h/db", "--master-key="+key)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%q"} {
		printed = append(printed, fmt.Sprintf(verb, c), fmt.Sprintf(verb, *c))
	}
	for _, printed := range printed {
		if strings.Contains(printed, password) || strings.Contains(printed, key) {
			t.Errorf("a secret was printed: %s", printed)
		}
	}
}

func TestErrorsDoNotEchoSecrets(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"--master-key=hunter2hunter2", "--database-url=mysql://u:hunter2hunter2@h", "--redis-url=hunter2hunter2"}, noEnv)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestTableDescribesEverySetting(t *testing.T) {
	t.Parallel()
	rows, err := config.Table()
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]bool{}
	for _, r := range rows {
		if r.Help == "" || r.Flag != "--"+r.Name {
			t.Errorf("row %+v lacks help or flag", r)
		}
		if !strings.HasPrefix(r.Variable, "AFARA_") && !strings.HasPrefix(r.Variable, "ONBOARDING_") {
			t.Errorf("%s has variable %q", r.Name, r.Variable)
		}
		if variables[r.Variable] {
			t.Errorf("variable %s stands for two settings", r.Variable)
		}
		variables[r.Variable] = true
	}
	if len(rows) < 25 || !variables["AFARA_MASTER_KEY"] {
		t.Errorf("%d rows", len(rows))
	}
	text, err := config.Markdown()
	if err != nil || strings.Count(text, "\n") != len(rows)+2 {
		t.Errorf("table of %d rows, %v:\n%s", len(rows), err, text)
	}
}

func FuzzFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:0\n")
	f.Add("a: [1, {b: c}]\n")
	f.Add("a: &x [*x]\n")
	f.Add("? !!binary x\n: 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = config.Load([]string{"--config", writeFile(t, text)}, noEnv) // an answer or an error, no panic
	})
}
