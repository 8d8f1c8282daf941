package pluginhost_test

import (
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

func TestACrashLoopIsNamedAndTriedAgainSlowly(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.CrashLoop, c.RestartMin, c.RestartMax = 3, time.Millisecond, 3*time.Second
	})
	crash := func() {
		eventually(t, "it runs", func() bool { return b.Ready("bad", domain.Sandbox) })
		wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	}
	for range 3 {
		crash()
	}
	eventually(t, "the loop is named", func() bool { return b.status(t, "bad").State == pluginhost.StateCrashLoop })
	s := b.status(t, "bad")
	if !strings.Contains(s.Reason, "exit code 7") || !strings.Contains(s.Reason, "next start in") {
		t.Errorf("reason %q", s.Reason)
	}
	crash() // it was started again
	if s := b.status(t, "bad"); s.Restarts != 3 {
		t.Errorf("%d restarts, want 3", s.Restarts)
	}
}

func TestAQuietTimeForgetsEarlierCrashes(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.CrashLoop, c.RestartMin, c.QuietAfter = 2, time.Millisecond, time.Nanosecond
	})
	for range 4 {
		eventually(t, "it runs", func() bool { return b.Ready("bad", domain.Sandbox) })
		wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	}
	eventually(t, "it runs again, and is in no loop", func() bool {
		s := b.status(t, "bad")
		return s.State == pluginhost.StateRunning && s.Restarts == 4
	})
}

func TestAMissedProbeDegradesAndAnAnswerHeals(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.ProbeEvery, c.ProbeTimeout, c.ProbeMisses = 20*time.Millisecond, 20*time.Millisecond, 1000
	})
	pid := b.status(t, "bad").PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is degraded", func() bool { return b.status(t, "bad").State == pluginhost.StateDegraded })
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is healthy", func() bool { return b.status(t, "bad").State == pluginhost.StateRunning })
	if s := b.status(t, "bad"); s.PID != pid || s.Restarts != 0 {
		t.Errorf("it was replaced: %+v", s)
	}
}

func TestAStrangersKillIsNamed(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	if err := syscall.Kill(b.status(t, "bad").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the exit is noted", func() bool {
		return strings.Contains(b.status(t, "bad").LastExit, "signal 9 (killed), not by the host")
	})
}

func TestStatusAndMetricsShowWhatHappened(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.Metrics = registry })
	for range 20 {
		wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	}
	wantClass(t, b.invoke(t, "bad", "classed", vendorSays), domain.ClassRejected, "told_so")
	s := b.status(t, "bad")
	if s.Version != hostile.Version || len(s.Digest) != 64 || s.State != pluginhost.StateRunning || s.PID == 0 || s.InFlight != 0 {
		t.Errorf("status: %+v", s)
	}
	if s.LastSuccess.IsZero() || s.LastError == nil || s.LastError.Class != domain.ClassRejected || s.LastError.Code != "told_so" || s.LastError.Operation != "bad.classed" {
		t.Errorf("last success %s, last error %+v", s.LastSuccess, s.LastError)
	}
	for _, op := range s.Operations {
		if op.Name == "bad.echo" && (op.Calls != 20 || op.Recent.Calls != 20 || op.Recent.P50 <= 0 || op.Hour.P99 < op.Hour.P50) {
			t.Errorf("operation: %+v", op)
		}
	}
	text := exposition(t, registry)
	for _, want := range []string{
		`afara_connector_calls_total{class="result",connector="bad",environment="sandbox",operation="bad.echo"} 20`,
		`afara_connector_calls_total{class="rejected",connector="bad",environment="sandbox",operation="bad.classed"} 1`,
		`afara_connector_call_seconds_count{connector="bad",environment="sandbox",operation="bad.echo"} 20`,
		`afara_connector_up{connector="bad",environment="sandbox"} 1`,
		`afara_connector_in_flight{connector="bad",environment="sandbox"} 0`,
		`afara_connector_breakers_open{connector="bad",environment="sandbox"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestInstalledButUnneededIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "good", "good", hostile.Good("good"))
	b := setup(t, dir, nil)
	s := b.status(t, "good")
	if s.State != pluginhost.StateStopped || s.Environment != "" || s.Version != hostile.Version || s.Digest == "" {
		t.Errorf("status: %+v", s)
	}
	if all := b.Manifests(); len(all) != 1 || all[0].Name != "good" {
		t.Errorf("manifests: %v", all)
	}
}

// exposition is what a scrape of the registry answers.
func exposition(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	rec := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}
