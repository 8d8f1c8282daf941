package main_test

import "testing"

// TestBenchEventsDeliversWhatItPublishes: figures of a test are worth nothing,
// but what is published has to arrive, in batches and at every webhook.
func TestBenchEventsDeliversWhatItPublishes(t *testing.T) {
	t.Parallel()
	got := afara(t, "bench", "events", "--rate", "40", "--duration", "500ms", "--warmup", "100ms", "--batch", "2", "--endpoints", "2")
	if out := got.want(t); !holds(out, []string{"published  ", "lost 0, twice 0, bad signature 0", "publish to delivery", "CPU/event", "engine", "loopback POST/s"}) {
		t.Errorf("%s\n%s", out, got.err)
	}
}
