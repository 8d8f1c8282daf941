package main

import (
	"slices"
	"testing"
	"time"
)

func TestABatchNamesEveryDeliveryOfItsEvents(t *testing.T) {
	t.Parallel()
	s := &benchEvents{cmd: &benchEventsCmd{Batch: 2, Endpoints: 2}}
	body, names := s.write([]byte(`{"n":"BENCHNUMBER"}`), "B1N1")
	if want := `{"events":[{"n":"B1N1E0"},{"n":"B1N1E1"}]}`; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	if want := []string{"B1N1E0/0", "B1N1E0/1", "B1N1E1/0", "B1N1E1/1"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	s.cmd.Batch = 1
	if body, _ := s.write([]byte(`{"n":"BENCHNUMBER"}`), "B1N2"); string(body) != `{"n":"B1N2E0"}` {
		t.Errorf("alone: %s", body)
	}
}

func TestTheGateOfEventsCountsRedisAndNotTheLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cpu  map[string]time.Duration
		http float64
		lost int
		pass bool
	}{
		{"within", map[string]time.Duration{"engine": 50 * time.Millisecond, "redis": 10 * time.Millisecond, loadName: time.Second, postgresName: time.Second}, 40_000, 0, true},
		{"over", map[string]time.Duration{"engine": 50 * time.Millisecond, "redis": 11 * time.Millisecond}, 40_000, 0, false},
		{"over on a slower machine", map[string]time.Duration{"engine": 70 * time.Millisecond}, 10_000, 0, true},
		{"lost", map[string]time.Duration{"engine": time.Millisecond}, 40_000, 1, false},
	} {
		onTime := retryFigures{waits: []time.Duration{retryAfter}}
		r := &benchEventsReport{retries: onTime, benchFigures: benchFigures{completed: 200, callbacks: 2, cpu: c.cpu, limits: benchLimits{http: c.http}, lost: c.lost}}
		if err := r.gate(); (err == nil) != c.pass {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheBenchOfEventsRefusesWhatTheEngineWould(t *testing.T) {
	t.Parallel()
	for _, c := range []benchEventsCmd{
		{Batch: 0, Endpoints: 1}, {Batch: 101, Endpoints: 1}, {Batch: 1, Endpoints: 21},
		{Batch: 1, Endpoints: 1, benchFlags: benchFlags{Rate: -1}},
		{Batch: 1, Endpoints: 1, Retries: -1}, {Batch: 1, Endpoints: 1, Retries: maxBenchRetries + 1},
		{Batch: 1, Endpoints: 1, benchFlags: benchFlags{Gate: true}},
		{Batch: 1, Endpoints: 1, Retries: 1, benchFlags: benchFlags{Gate: true, Redis: "redis://127.0.0.1"}},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
