package simulator_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/echo/simulator"
)

type bench struct {
	*simulator.Simulator
	url string
}

func setup(t *testing.T) bench {
	t.Helper()
	s := simulator.New(simulator.Options{APIKey: "key"})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return bench{s, server.URL}
}

// ask gives the status and the body of an answer; status 0 is none.
func (b bench) ask(ctx context.Context, t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer key")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

func (b bench) put(t *testing.T) int {
	t.Helper()
	status, _ := b.ask(t.Context(), t, http.MethodPut, "/v1/documents/A", `{"currency":"NGN","payable":1}`)
	return status
}

func (b bench) get(t *testing.T) int {
	t.Helper()
	status, _ := b.ask(t.Context(), t, http.MethodGet, "/v1/documents/A", "")
	return status
}

func (b bench) violations(t *testing.T, want int64) {
	t.Helper()
	if got := b.Counters().Violations; got != want {
		t.Errorf("%d violations, want %d", got, want)
	}
}

func TestTheDuplicateGuardRefusesAndCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if first, second := b.put(t), b.put(t); first != http.StatusCreated || second != http.StatusConflict {
		t.Errorf("got %d and %d", first, second)
	}
	b.SetFaults(simulator.Faults{NoDuplicateGuard: true})
	if third := b.put(t); third != http.StatusCreated {
		t.Errorf("without guard: %d", third)
	}
	if asked := b.Counters().References["A"]; asked != (simulator.Asked{Registrations: 3, Effects: 2}) {
		t.Errorf("got %+v", asked)
	}
}

func TestARepeatOnADoubtIsAViolation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.SetFaults(simulator.Faults{LoseAnswer: true, NoDuplicateGuard: true})
	if status := b.put(t); status != 0 {
		t.Fatalf("the answer was not lost: %d", status)
	}
	b.violations(t, 0)
	b.put(t)
	b.violations(t, 1)
}

func TestARepeatAfterALookupIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.SetFaults(simulator.Faults{LoseAnswer: true, NoDuplicateGuard: true})
	b.put(t)
	if status := b.get(t); status != http.StatusOK {
		t.Fatalf("look-up: %d", status)
	}
	b.put(t)
	b.violations(t, 0)
}

func TestARepeatAfterADefiniteAnswerIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t)
	b.put(t) // refused as taken, which leaves a doubt
	b.violations(t, 0)
	b.put(t)
	b.violations(t, 1)
}

func TestTheControlCalls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	if status, _ := b.ask(ctx, t, http.MethodPut, "/_control/faults", `{"status":503,"retryAfterSeconds":3}`); status != http.StatusNoContent {
		t.Fatalf("set faults: %d", status)
	}
	if status := b.put(t); status != http.StatusServiceUnavailable {
		t.Errorf("with the fault: %d", status)
	}
	if status, _ := b.ask(ctx, t, http.MethodPut, "/_control/faults", `{"unknown":1}`); status != http.StatusBadRequest {
		t.Errorf("unknown fault: %d", status)
	}
	_, raw := b.ask(ctx, t, http.MethodGet, "/_control/counters", "")
	var counters simulator.Counters
	if err := json.Unmarshal([]byte(raw), &counters); err != nil || counters.Requests != 1 {
		t.Errorf("counters %s: %v", raw, err)
	}
	if status, _ := b.ask(ctx, t, http.MethodPost, "/_control/reset", ""); status != http.StatusNoContent || b.put(t) != http.StatusCreated {
		t.Errorf("reset: %d", status)
	}
}

// TestARegistrationHappensThoughTheClientHasGone: a slow registry is not stopped
// by a client that gives up.
func TestARegistrationHappensThoughTheClientHasGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.SetFaults(simulator.Faults{DelayMillis: 100})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan int)
	go func() {
		status, _ := b.ask(ctx, t, http.MethodPut, "/v1/documents/A", `{"currency":"NGN","payable":1}`)
		gone <- status
	}()
	eventually(t, "the request comes", func() bool { return b.Counters().References["A"].Registrations == 1 })
	cancel()
	if status := <-gone; status != 0 {
		t.Fatalf("the client got %d", status)
	}
	b.SetFaults(simulator.Faults{})
	eventually(t, "the document is registered", func() bool { return len(b.References()) == 1 })
}

// eventually polls until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
