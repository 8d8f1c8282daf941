package pluginhost_test

import (
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/pluginhost"
)

const (
	vendorAway = `{"class":7}`
	vendorSays = `{"class":2}`
)

// withBreaker starts a host whose breakers open after two failures for 10 s.
func withBreaker(t *testing.T) (*bundle, *testclock.Clock) {
	t.Helper()
	c := testclock.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return bad(t, "bad", func(cfg *pluginhost.Config) {
		cfg.Now, cfg.BreakerFailures, cfg.BreakerOpen = c.Now, 2, 10*time.Second
	}), c
}

func TestABreakerKeepsCallsFromAVendorThatIsAway(t *testing.T) {
	t.Parallel()
	b, clock := withBreaker(t)
	for range 2 {
		wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	}
	clock.Add(4 * time.Second)
	out := b.invoke(t, "bad", "slow_effect", `{}`)
	wantClass(t, out, domain.ClassUnavailable, "breaker_open")
	if out.Error.RetryAfter != 6*time.Second {
		t.Errorf("retry after %s, want the 6 s that are left", out.Error.RetryAfter)
	}
	if s := b.status(t, "bad").Connections[0]; s.Breaker != pluginhost.BreakerOpen || s.Failures != 2 || !s.OpenUntil.Equal(clock.Now().Add(6*time.Second)) {
		t.Errorf("status: %+v", s)
	}
	// Another connection of the same connector is not concerned.
	c := call("bad", "echo", `{}`)
	c.Connection.ID = "con_2"
	wantResult(t, b.Invoke(t.Context(), c), `{}`)

	// One trial, which fails: open again, and longer.
	clock.Add(6 * time.Second)
	if s := b.status(t, "bad").Connections[0]; s.Breaker != pluginhost.BreakerHalfOpen {
		t.Errorf("status: %+v", s)
	}
	wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	out = b.invoke(t, "bad", "echo", `{}`)
	wantClass(t, out, domain.ClassUnavailable, "breaker_open")
	if out.Error.RetryAfter != 20*time.Second {
		t.Errorf("retry after %s, want twice the first time", out.Error.RetryAfter)
	}
	clock.Add(20 * time.Second)
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	if s := b.status(t, "bad").Connections[0]; s.Breaker != pluginhost.BreakerClosed || s.Failures != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestAVendorThatSaysNoIsThere(t *testing.T) {
	t.Parallel()
	b, _ := withBreaker(t)
	for range 3 {
		wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
		wantClass(t, b.invoke(t, "bad", "classed", vendorSays), domain.ClassRejected, "told_so")
	}
}

func TestTimeoutsAndCrashesOpenABreaker(t *testing.T) {
	t.Parallel()
	b, _ := withBreaker(t)
	wantClass(t, b.invoke(t, "bad", "quick", `{}`), domain.ClassUnavailable, "deadline_exceeded")
	wantClass(t, b.invoke(t, "bad", "exit_effect", `{}`), domain.ClassUnknownOutcome, "connector_crashed")
	eventually(t, "it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "breaker_open")
}

func TestWhatNeverReachedTheVendorDoesNotOpenABreaker(t *testing.T) {
	t.Parallel()
	b, _ := withBreaker(t)
	for range 3 {
		wantClass(t, b.invoke(t, "bad", "strict", `{}`), domain.ClassInvalid, "parameters_invalid")
		wantClass(t, b.invoke(t, "bad", "wrong", `{"irn":"A"}`), domain.ClassInternal, "result_invalid")
	}
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

// prepare makes a call that by its contract asks no vendor.
func (b *bundle) prepare(t *testing.T) {
	t.Helper()
	c := call("bad", "", `{"referenceKey":"A","issueDate":"2026-01-01"}`)
	c.Operation = "invoice.prepare"
	if out := b.Invoke(t.Context(), c); out.Class != domain.ClassResult {
		t.Fatalf("prepare: %s %+v", out.Class, out.Error)
	}
}

// Every walk of an invoice begins with a call that asks no vendor: its success
// must not hide that the vendor is away, nor be taken for the trial.
func TestACallThatAsksNoVendorIsNoSignOfLife(t *testing.T) {
	t.Parallel()
	b, clock := withBreaker(t)
	for range 2 {
		b.prepare(t)
		wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	}
	b.prepare(t) // not refused either
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "breaker_open")
	clock.Add(10 * time.Second)
	b.prepare(t)
	if s := b.status(t, "bad").Connections[0]; s.Breaker != pluginhost.BreakerHalfOpen || s.Failures != 2 {
		t.Errorf("status: %+v", s)
	}
	wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "breaker_open")
}

func TestACheckThatPassesClosesTheBreaker(t *testing.T) {
	t.Parallel()
	b, _ := withBreaker(t)
	for range 2 {
		wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	}
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "breaker_open")
	if err := b.Check(t.Context(), call("bad", "", "").Connection); err != nil {
		t.Fatal(err)
	}
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestOneTrialAtATime(t *testing.T) {
	t.Parallel()
	b, clock := withBreaker(t)
	for range 2 {
		wantClass(t, b.invoke(t, "bad", "classed", vendorAway), domain.ClassUnavailable, "told_so")
	}
	clock.Add(10 * time.Second)
	var wg sync.WaitGroup
	outs := make([]domain.Outcome, 8)
	for i := range outs {
		wg.Go(func() { outs[i] = b.Invoke(t.Context(), call("bad", "quick", `{}`)) })
	}
	wg.Wait()
	trials := 0
	for _, out := range outs {
		if out.Error.Code != "breaker_open" {
			trials++
		}
	}
	if trials != 1 {
		t.Errorf("%d calls went out through a half-open breaker, want 1", trials)
	}
}
