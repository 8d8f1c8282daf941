package engine_test

import (
	"testing"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

func TestSandboxCallbacksGoOnlyWhereTheListSays(t *testing.T) {
	t.Parallel()
	const listed, other, here = "https://hooks.example.com/in", "https://example.com/", "https://127.0.0.1:8080/"
	for name, list := range map[string][]string{"listed": {"hooks.example.com"}, "empty": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(c *config.Config) { c.CallbackAllowlist = list })
			for _, c := range []struct {
				environment domain.EnvironmentID
				open        map[string]bool
			}{
				{w.environment("production", domain.Production, false), map[string]bool{listed: true, other: true}},
				{w.environment("plain", domain.Sandbox, false), map[string]bool{listed: list != nil}},
				{w.environment("development", domain.Sandbox, true), map[string]bool{listed: list != nil, here: true}},
			} {
				_, policy, err := w.engine.Environments().Signing(t.Context(), c.environment)
				must(t, err)
				checkPolicy(t, policy, c.open, listed, other, here)
			}
		})
	}
}

// environment makes one more environment of the world's kind of tenant.
func (w *world) environment(name string, kind domain.EnvironmentKind, loopback bool) domain.EnvironmentID {
	w.t.Helper()
	org, err := w.engine.Tenants.CreateOrganisation(w.t.Context(), name)
	must(w.t, err)
	env, err := w.engine.Tenants.CreateEnvironment(w.t.Context(), tenant.NewEnvironment{
		Organisation: org.ID, Kind: kind, Mode: domain.ModeSI, AllowLoopback: loopback,
	})
	must(w.t, err)
	return env.ID
}

// checkPolicy wants exactly the open ones of the URLs to pass.
func checkPolicy(t *testing.T, p callback.Policy, open map[string]bool, urls ...string) {
	t.Helper()
	g, err := callback.NewGuard(callback.GuardConfig{})
	must(t, err)
	defer g.Close()
	for _, url := range urls {
		if err := g.Check(url, p); (err == nil) != open[url] {
			t.Errorf("%s under %+v: %v", url, p, err)
		}
	}
}
