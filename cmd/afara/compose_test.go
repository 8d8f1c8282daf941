package main_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/afara-dev/afara/engine/config"
)

// service is what is looked at of a service of docker-compose.yml.
type service struct {
	Image       string
	Build       struct{ Context, Dockerfile, Target string }
	Environment map[string]string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct{ Test []string }
	Command     []string
	Volumes     []string
}

func TestComposeHoldsTwoEnginesAndNoSecret(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"engine-1", "engine-2", "postgres", "redis", "sandbox"} {
		s, ok := file.Services[name]
		if !ok || s.Image == "" || len(s.Healthcheck.Test) < 2 {
			t.Errorf("service %s is missing, or lacks image or health check: %+v", name, s)
		}
		for on := range s.DependsOn {
			if _, ok := file.Services[on]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, on)
			}
		}
		for _, v := range s.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !strings.HasPrefix(volume, ".") && !has(file.Volumes, volume) {
				t.Errorf("%s uses volume %s, which is not declared", name, volume)
			}
		}
	}
	if !slices.Contains(file.Services["redis"].Command, "--appendonly") || !slices.Contains(file.Services["redis"].Command, "noeviction") {
		t.Errorf("redis runs %q: want AOF and noeviction", file.Services["redis"].Command)
	}
	checkEngines(t, file.Services["engine-1"], file.Services["engine-2"])
}

func has(m map[string]any, key string) bool { _, ok := m[key]; return ok }

var required = regexp.MustCompile(`^\$\{AFARA_MASTER_KEY:\?`)

// checkEngines wants known settings only, secrets from outside, and settings
// with which a node would start.
func checkEngines(t *testing.T, engines ...service) {
	t.Helper()
	rows, err := config.Table()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		for name := range e.Environment {
			if !slices.ContainsFunc(rows, func(r config.Row) bool { return r.Variable == name }) {
				t.Errorf("%s is no setting", name)
			}
		}
		if !required.MatchString(e.Environment["AFARA_MASTER_KEY"]) || !strings.Contains(e.Environment["AFARA_DATABASE_URL"], "${POSTGRES_PASSWORD:?") {
			t.Errorf("secrets are not required from outside: %v", e.Environment)
		}
		if _, err := config.Load(nil, substituted(e.Environment)); err != nil {
			t.Errorf("a node would not start: %v", err)
		}
	}
}

var variable = regexp.MustCompile(`\$\{(\w+):[?-]([^}]*)\}`)

// substituted is the environment as compose makes it from a full .env file.
func substituted(env map[string]string) config.Getenv {
	given := map[string]string{
		"AFARA_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "POSTGRES_PASSWORD": "password", "AFARA_LOG_LEVEL": "info",
	}
	return func(name string) (string, bool) {
		v, ok := env[name]
		return variable.ReplaceAllStringFunc(v, func(m string) string { return given[variable.FindStringSubmatch(m)[1]] }), ok
	}
}

func TestImagesHoldStaticProgramsAlone(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../.docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FROM scratch AS afara", "FROM scratch AS sandbox", "CGO_ENABLED=0", "/etc/ssl/certs/ca-certificates.crt", "USER 65532"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("Dockerfile lacks %q", want)
		}
	}
}
