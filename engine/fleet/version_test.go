package fleet_test

import (
	"errors"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// The versions of a connector that these tests know.
var (
	first  = pluginhost.Release{Version: "1.0.0", Digest: "aa"}
	second = pluginhost.Release{Version: "1.1.0", Digest: "bb", Locked: true}
	third  = pluginhost.Release{Version: "1.2.0", Digest: "cc", Locked: true}
)

func (h *host) install(r pluginhost.Release, broken error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offered, h.broken = r, broken
}

func (h *host) lose(r pluginhost.Release) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost[r] = true
}

// asks orders an action as an operator of the sandbox.
func (w *world) asks(s *fleet.Service, action fleet.Action, level string) error {
	return s.Ask(w.Context(), fleet.Asked{Connector: "firs", Environment: sandbox(), Action: action, Level: level, Reason: "why", Actor: "key_1"})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestTheActiveVersionReachesEveryNodeAndCanBeTakenBack(t *testing.T) {
	onBoth(t, func(w *world) {
		a, hostA := w.node("node_a")
		_, hostB := w.node("node_b")
		active := func(want, previous pluginhost.Release) {
			w.Helper()
			storetest.Await(w, "both nodes are told", func() bool { return hostA.order().Active == want && hostB.order().Active == want })
			if v := w.one(a).Active; v.Active != want || v.Previous != previous || v.Actor != "key_1" || v.Reason != "why" || v.Since.IsZero() {
				w.Errorf("%+v", v)
			}
		}
		if err := w.asks(a, fleet.ActionRollback, ""); !errors.Is(err, fleet.ErrNoPrevious) {
			w.Errorf("rolled back to nothing: %v", err)
		}
		if o := hostB.order(); o != (pluginhost.Order{}) {
			w.Errorf("without an order it is told %+v", o)
		}
		hostA.install(second, nil)
		w.must(w.asks(a, fleet.ActionReload, ""))
		active(second, first)
		w.must(w.asks(a, fleet.ActionReload, "")) // the same again loses nothing
		active(second, first)
		hostA.install(third, nil)
		w.must(w.asks(a, fleet.ActionReload, ""))
		active(third, second)
		w.must(w.asks(a, fleet.ActionRollback, ""))
		active(second, third)
		w.must(w.asks(a, fleet.ActionRollback, ""))
		active(third, second)
		w.must(w.asks(a, fleet.ActionPause, ""))
		if o := hostA.order(); o.Want != pluginhost.WantPause || o.Active != third {
			w.Errorf("a pause changes the version: %+v", o)
		}
		if o := hostA.orderOf("firs production"); o != (pluginhost.Order{}) {
			w.Errorf("the sandbox's version reaches production: %+v", o)
		}
	})
}

func TestWhatThisNodeCannotRunIsNotMadeActive(t *testing.T) {
	onBoth(t, func(w *world) {
		a, host := w.node("node_a")
		host.install(pluginhost.Release{}, errors.New("its SHA-256 is another"))
		err := w.asks(a, fleet.ActionReload, "")
		var told *domain.Error
		if !errors.Is(err, fleet.ErrNotOffered) || !errors.As(err, &told) || told.Detail == fleet.ErrNotOffered.Detail {
			w.Errorf("%v", err)
		}
		host.install(second, nil)
		w.must(w.asks(a, fleet.ActionReload, ""))
		host.lose(first)
		if err := w.asks(a, fleet.ActionRollback, ""); !errors.Is(err, fleet.ErrNotHere) {
			w.Errorf("%v", err)
		}
		if v := w.one(a).Active; v.Active != second || v.Previous != first {
			w.Errorf("%+v", v)
		}
	})
}

func TestOneOfTwoRollbacksAtOnceIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		a, host := w.node("node_a")
		host.install(second, nil)
		w.must(w.asks(a, fleet.ActionReload, ""))
		errs := make(chan error, 32)
		for range cap(errs) {
			go func() { errs <- w.asks(a, fleet.ActionRollback, "") }()
		}
		done := 0
		for range cap(errs) {
			err := <-errs
			var told *domain.Error
			switch {
			case err == nil:
				done++
			case !errors.As(err, &told) || told.Code != "version_changed":
				w.Errorf("%v", err)
			}
		}
		want := second
		if done%2 == 1 {
			want = first
		}
		if v := w.one(a).Active; done == 0 || v.Active != want {
			w.Errorf("after %d rollbacks %+v", done, v)
		}
	})
}

func TestALogLevelReachesEveryNodeAndChangesNothingElse(t *testing.T) {
	onBoth(t, func(w *world) {
		a, _ := w.node("node_a")
		_, host := w.node("node_b")
		w.must(w.asks(a, fleet.ActionPause, ""))
		w.must(w.asks(a, fleet.ActionLogLevel, "debug"))
		want := pluginhost.Order{Want: pluginhost.WantPause, Reason: "why", LogLevel: "debug"}
		storetest.Await(w, "it is told", func() bool { return host.order() == want })
		w.must(w.asks(a, fleet.ActionResume, ""))
		want.Want = pluginhost.WantRun
		storetest.Await(w, "it keeps the level", func() bool { return host.order() == want })
		if o := w.one(a).Order; o.LogLevel != "debug" {
			w.Errorf("%+v", o)
		}
	})
}
