package main_test

import "testing"

// TestBenchEventsDeliversWhatItPublishes: figures of a test are worth nothing,
// but what is published has to arrive, in batches and at every webhook, and no
// retry is early.
func TestBenchEventsDeliversWhatItPublishes(t *testing.T) {
	t.Parallel()
	got := afara(t, "bench", "events", "--rate", "40", "--duration", "500ms", "--warmup", "100ms", "--batch", "2", "--endpoints", "2", "--retries", "10")
	if out := got.want(t); !holds(out, []string{"published  ", "lost 0, twice 0, bad signature 0", "publish to delivery", "CPU/event", "engine", "loopback POST/s", "retry after 2s", " 0 early, 0 lost"}) {
		t.Errorf("%s\n%s", out, got.err)
	}
}

// TestBenchPaymentsSettlesWhatItCreates: as above, of payments: by the operator's
// scenario and by a payer, with refunds and payouts beside.
func TestBenchPaymentsSettlesWhatItCreates(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{{"--payouts", "2"}, {"--prompts"}} {
		got := afara(t, append([]string{"bench", "payments", "--rate", "20", "--duration", "500ms", "--warmup", "100ms"}, more...)...)
		if out := got.want(t); !holds(out, []string{
			"settled  ", "lost 0, twice 0, bad signature 0, not successful map[]", "left unsettled: 0", "ledger: all adds up",
			"requests to the operator per collection", "create to settled", "without the payer", "CPU/collection", "engine", "connector", "sandbox", "loopback POST/s",
		}) {
			t.Errorf("%v: %s\n%s", more, out, got.err)
		}
	}
}
