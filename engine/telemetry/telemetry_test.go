package telemetry_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/telemetry"
)

func TestLogsHideWhatKeysNameSecret(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		log, err := telemetry.NewLogger(&out, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"secret", "Authorization", "password", "token", "api_key", "apiKey", "X-Api-Key", "client_secret", "accessToken", "masterKey", "APIKey"} {
			log.Info("call", key, "hunter2")
			log.Info("call", slog.Group("g", slog.String(key, "hunter2")))
			log.Info("call", slog.Group(key, slog.String("value", "hunter2")))
			log.WithGroup(key).With("value", "hunter2").Info("call")
		}
		if strings.Contains(out.String(), "hunter2") || !strings.Contains(out.String(), "[redacted]") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

func TestLogsKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log, err := telemetry.NewLogger(&out, "text", slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("call", "key", "a1", "monkey", "b2", "idempotency_key", "c3", "spinning", "d4", "message", "e5")
	for _, v := range []string{"a1", "b2", "c3", "d4", "e5"} {
		if !strings.Contains(out.String(), v) {
			t.Errorf("%s is missing in %s", v, out.String())
		}
	}
}

func TestLogLevelAndFormatAreKept(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log, err := telemetry.NewLogger(&out, "json", slog.LevelWarn)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if strings.Contains(out.String(), "quiet") || !strings.HasPrefix(out.String(), "{") {
		t.Errorf("%s", out.String())
	}
	if _, err := telemetry.NewLogger(io.Discard, "xml", slog.LevelInfo); err == nil {
		t.Error("format xml was accepted")
	}
}

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	r := httptest.NewRecorder()
	m.Handler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return r.Body.String()
}

func TestMetricsAreServedUnderOneNamespace(t *testing.T) {
	t.Parallel()
	m := telemetry.New()
	counter, err := m.Counter("calls_total", "Calls.", "connector")
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := m.Seconds("call_seconds", "Duration of calls.")
	if err != nil {
		t.Fatal(err)
	}
	gauge, err := m.Gauge("held", "Held messages.")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.GaugeFunc("depth", "Depth.", func() float64 { return 7 }); err != nil {
		t.Fatal(err)
	}
	counter.WithLabelValues("firs").Inc()
	seconds.WithLabelValues().Observe(.002)
	gauge.WithLabelValues().Set(3)
	text := scrape(t, m)
	for _, line := range []string{
		`afara_calls_total{connector="firs"} 1`, `afara_call_seconds_bucket{le="0.0025"} 1`,
		"afara_held 3", "afara_depth 7", "go_goroutines",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestTheSameMetricCanBeAskedForTwice(t *testing.T) {
	t.Parallel()
	m := telemetry.New()
	for range 2 {
		c, err := m.Counter("calls_total", "Calls.", "connector")
		if err != nil {
			t.Fatal(err)
		}
		c.WithLabelValues("firs").Inc()
	}
	if !strings.Contains(scrape(t, m), `afara_calls_total{connector="firs"} 2`) {
		t.Error("the second counter is another one")
	}
	if _, err := m.Counter("calls_total", "Calls.", "other"); err == nil {
		t.Error("other labels were accepted under the same name")
	}
	if _, err := m.Gauge("calls_total", "Calls.", "connector"); err == nil {
		t.Error("another kind was accepted under the same name")
	}
	if strings.Contains(scrape(t, telemetry.New()), "afara_calls_total") {
		t.Error("two registries share a metric")
	}
}

func TestPprofListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "localhost:0", "10.0.0.1:0", "x"} {
		l, err := telemetry.ListenPprof(t.Context(), address)
		if err == nil {
			_ = l.Close()
			t.Errorf("%s was accepted", address)
		}
	}
}

func TestPprofServesUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	l, err := telemetry.ListenPprof(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- telemetry.ServePprof(ctx, l) }()
	if status := get(t, "http://"+l.Addr().String()+"/debug/pprof/goroutine?debug=1"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if status := get(t, "http://"+l.Addr().String()+"/debug/pprof/cmdline"); status != http.StatusNotFound {
		t.Errorf("the command line, which may hold a key, is served: %d", status)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still serving after its context ended")
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}
