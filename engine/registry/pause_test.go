package registry_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/store"
)

func TestRefusedConnectionResumesWhenItsCheckPasses(t *testing.T) {
	onBoth(t, func(w *world) {
		s, c := w.service(), newChecker()
		id := w.connection(s, "a")
		c.refuse(id, true)
		w.run(s, "node_1", c)
		w.must(s.Pause(w.Context(), id, unauthorized()))
		w.eventually("checked more than once", func() bool { checks, _ := c.count(id); return checks > 1 })
		if got := w.paused(id); got != "unauthorized" {
			w.Errorf("paused for %q while its check fails", got)
		}
		c.refuse(id, false)
		w.eventually("resumed", func() bool { return w.paused(id) == "" })
		w.eventually("woken", func() bool { _, wakes := c.count(id); return wakes == 1 })
	})
}

func TestPersonsPauseIsEndedByAPersonOnly(t *testing.T) {
	onBoth(t, func(w *world) {
		s, c := w.service(), newChecker()
		paused, refused := w.connection(s, "a"), w.connection(s, "b")
		w.must(s.Pause(w.Context(), paused, nil))
		w.must(s.Pause(w.Context(), paused, unauthorized())) // a call that was on its way
		w.must(s.Pause(w.Context(), refused, unauthorized()))
		w.run(s, "node_1", c)
		w.eventually("the refused one resumed", func() bool { return w.paused(refused) == "" })
		if got := w.paused(paused); got != "paused" {
			w.Errorf("paused for %q", got)
		}
		w.must(s.Resume(w.Context(), paused))
		if got := w.paused(paused); got != "" {
			w.Errorf("paused for %q after a person resumed it", got)
		}
	})
}

// A node that runs no connectors must not keep those that do from checking.
func TestNodeThatCannotCheckLeavesItToAnother(t *testing.T) {
	onBoth(t, func(w *world) {
		api, worker := w.service(), w.service()
		id := w.connection(api, "a")
		blind, seeing := newChecker(), newChecker()
		blind.unready = true
		w.must(api.Pause(w.Context(), id, unauthorized()))
		w.run(api, "node_api", blind)
		w.run(worker, "node_worker", seeing)
		w.eventually("resumed", func() bool { return w.paused(id) == "" })
		if checks, _ := blind.count(id); checks != 0 {
			w.Errorf("the node without connectors checked %d times", checks)
		}
	})
}

func TestConnectionThatIsRefusedAgainIsNotTriedOverAndOver(t *testing.T) {
	onBoth(t, func(w *world) {
		s, c := w.service(), newChecker()
		id, other := w.connection(s, "a"), w.connection(s, "b")
		w.run(s, "node_1", c)
		w.must(s.Pause(w.Context(), id, unauthorized()))
		w.eventually("resumed", func() bool { return w.paused(id) == "" })
		w.eventually("woken", func() bool { _, wakes := c.count(id); return wakes == 1 })
		w.must(s.Pause(w.Context(), id, unauthorized()))
		w.must(s.Pause(w.Context(), other, unauthorized()))
		w.eventually("the other one resumed", func() bool { return w.paused(other) == "" })
		if checks, _ := c.count(id); checks != 1 || w.paused(id) == "" {
			w.Errorf("checked %d times, paused for %q", checks, w.paused(id))
		}
		w.clock.Add(time.Minute)
		w.eventually("resumed again after a while", func() bool { return w.paused(id) == "" })
	})
}

func TestPausesThatKeepComingDoNotPutTheCheckOff(t *testing.T) {
	onBoth(t, func(w *world) {
		s, c := w.service(func(cfg *registry.Config) { cfg.FirstCheck, cfg.CheckEvery = 200*time.Millisecond, time.Minute }), newChecker()
		id, noisy := w.connection(s, "a"), w.connection(s, "b")
		c.refuse(noisy, true)
		w.run(s, "node_1", c)
		w.must(s.Pause(w.Context(), id, unauthorized()))
		w.eventually("resumed while others are paused", func() bool {
			w.must(s.Pause(w.Context(), noisy, unauthorized()))
			return w.paused(id) == ""
		})
	})
}

func TestGateOfAConnectionThatIsGoneIsDropped(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		gone := domain.NewID[domain.ConnectionID](domain.PrefixConnection)
		w.must(w.store.CloseGate(w.Context(), store.Gate{Key: string(gone), ClosedUntil: w.clock.Now().Add(time.Hour), Reason: "unauthorized"}))
		w.run(s, "node_1", newChecker())
		w.eventually("dropped", func() bool { return w.paused(gone) == "" })
	})
}
