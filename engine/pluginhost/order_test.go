package pluginhost_test

import (
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
)

func TestAnOrderedRestartLetsCallsEndAndIsNoCrash(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.CrashLoop = 1 }) // a crash would be a loop at once
	first := b.status(t, "bad").PID
	done := make(chan domain.Outcome, 1)
	go func() { done <- b.invoke(t, "bad", "tardy", `{"size":400}`) }()
	eventually(t, "the call is under way", func() bool { return b.status(t, "bad").InFlight == 1 })
	b.Order("bad", domain.Sandbox, pluginhost.Order{Restarts: 1})
	if out := <-done; out.Class != domain.ClassResult {
		t.Errorf("the call in flight ended with %s: %+v", out.Class, out.Error)
	}
	eventually(t, "another process runs", func() bool {
		s := b.status(t, "bad")
		return s.State == pluginhost.StateRunning && s.PID != 0 && s.PID != first
	})
	s := b.status(t, "bad")
	if s.Restarts != 1 || !strings.Contains(s.LastExit, "operator") {
		t.Errorf("%+v", s)
	}
	second := s.PID
	b.Order("bad", domain.Sandbox, pluginhost.Order{Restarts: 1}) // the same order
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	if s := b.status(t, "bad"); s.PID != second {
		t.Error("the same order restarted it again")
	}
}

func TestACallThatIsCutAtTheDrainTimeoutIsInDoubt(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.DrainTimeout, c.StopGrace = 50*time.Millisecond, 50*time.Millisecond })
	done := make(chan domain.Outcome, 1)
	go func() { done <- b.invoke(t, "bad", "slow_effect", `{}`) }()
	eventually(t, "the call has begun", func() bool { return strings.Contains(b.log.String(), "handler has begun") })
	b.Order("bad", domain.Sandbox, pluginhost.Order{Want: pluginhost.WantStop})
	if out := <-done; out.Class != domain.ClassUnknownOutcome || out.Crashed {
		t.Errorf("%s, crashed %t: %+v", out.Class, out.Crashed, out.Error)
	}
}

func TestAStoppedConnectorStaysDownUntilItIsWanted(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	b.Order("bad", domain.Sandbox, pluginhost.Order{Want: pluginhost.WantStop, Reason: "the vendor moves house"})
	eventually(t, "it is stopped", func() bool { return b.status(t, "bad").State == pluginhost.StateStopped })
	s := b.status(t, "bad")
	if s.PID != 0 || s.Reason != "stopped by an operator: the vendor moves house" || b.Ready("bad", domain.Sandbox) {
		t.Errorf("%+v", s)
	}
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "connector_not_ready")
	b.Order("bad", domain.Sandbox, pluginhost.Order{Want: pluginhost.WantRun})
	eventually(t, "it runs", func() bool { return b.Ready("bad", domain.Sandbox) })
}

func TestAPausedConnectorReadsNothingNewAndEndsWhatItHas(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.ProbeEvery = 10 * time.Millisecond })
	pid := b.status(t, "bad").PID
	changed := b.Subscribe()
	b.Order("bad", domain.Sandbox, pluginhost.Order{Want: pluginhost.WantPause})
	<-changed
	if b.Ready("bad", domain.Sandbox) {
		t.Error("it is ready for new work")
	}
	eventually(t, "it is paused", func() bool { return b.status(t, "bad").State == pluginhost.StatePaused })
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`) // a message that was read before
	b.Order("bad", domain.Sandbox, pluginhost.Order{})
	eventually(t, "it runs", func() bool {
		s := b.status(t, "bad")
		return s.State == pluginhost.StateRunning && s.PID == pid && b.Ready("bad", domain.Sandbox)
	})
}

func TestAnOrderGivenBeforeTheConnectorIsNeededHolds(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	b.Order("bad", domain.Production, pluginhost.Order{Want: pluginhost.WantStop, Restarts: 7})
	b.Need("bad", domain.Production)
	stopped := func() bool {
		for _, s := range b.Status() {
			if s.Environment == domain.Production {
				return s.State == pluginhost.StateStopped
			}
		}
		return false
	}
	eventually(t, "it is stopped before it began", stopped)
	b.Order("bad", domain.Production, pluginhost.Order{Restarts: 7})
	eventually(t, "it runs", func() bool { return b.Ready("bad", domain.Production) })
}

func TestACrashLoopEndsByAnOrder(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.CrashLoop, c.RestartMin, c.RestartMax = 1, time.Hour, time.Hour
	})
	wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	eventually(t, "the loop is named", func() bool { return b.status(t, "bad").State == pluginhost.StateCrashLoop })
	b.Order("bad", domain.Sandbox, pluginhost.Order{Restarts: 1})
	eventually(t, "it runs before its time", func() bool { return b.Ready("bad", domain.Sandbox) })
}

func TestUsageOfTheProcessIsShown(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	if u := b.status(t, "bad").Usage; u.MemoryBytes < 1<<20 || u.MemoryBytes > 1<<30 || u.Threads < 1 {
		t.Errorf("%+v", u)
	}
}
