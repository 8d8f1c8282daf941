package work_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/work"
)

func TestRelayPublishesWhatIsDueOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		before := w.add("env_a")
		w.run()
		w.eventually("the row that was there is published", func() bool { return w.bus.count(before) == 1 })
		after := w.add("env_a")
		w.eventually("a new row is published", func() bool { return w.bus.count(after) == 1 })
		w.clock.Add(5 * time.Minute)
		third := w.add("env_a")
		w.eventually("a third is", func() bool { return w.bus.count(third) == 1 })
		if n := w.bus.count(before); n != 1 {
			w.Errorf("an unclaimed row was published %d times within its ten minutes", n)
		}
	})
}

func TestRowIsPublishedWhenItIsDueAndNotBefore(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		first := w.add("env_a")
		w.eventually("the stream is known", func() bool { return w.bus.count(first) == 1 })
		later := w.addDue("env_a", w.clock.Now().Add(time.Minute))
		w.clock.Add(59 * time.Second)
		next := w.add("env_a")
		w.eventually("a new row is published", func() bool { return w.bus.count(next) == 1 })
		if n := w.bus.count(later); n != 0 {
			w.Errorf("a row was published %d times before it was due", n)
		}
		w.clock.Add(time.Second)
		w.eventually("it is published when it is due", func() bool { return w.bus.count(later) == 1 })
	})
}

// TestRowOfWhichTheRelayHasNotHeardIsPublishedWhenItIsDue: another process stored
// it, or this one before it was restarted. It does not wait for the next tick.
func TestRowOfWhichTheRelayHasNotHeardIsPublishedWhenItIsDue(t *testing.T) {
	const wait = 50 * time.Millisecond
	onBoth(t, func(w *world) {
		announced := w.applier
		w.applier = store.NewApplier(w.store) // that of a process that is gone
		later := w.addDue("env_a", w.clock.Now().Add(wait))
		w.applier = announced
		first := w.add("env_a")
		w.run()
		w.eventually("the relay has looked", func() bool { return w.bus.count(first) == 1 })
		if n := w.bus.count(later); n != 0 {
			w.Errorf("a row was published %d times before it was due", n)
		}
		w.clock.Add(wait + 20*time.Millisecond) // alarms that lie close together are one
		w.eventually("it is published when it is due", func() bool { return w.bus.count(later) == 1 })
	}, func(c *work.RelayConfig) { c.Tick = time.Hour })
}

func TestWindowBoundsTheStreamAndRefillsAsItIsClaimed(t *testing.T) {
	const rows, window = 60, 8
	onBoth(t, func(w *world) {
		for range rows {
			w.add("env_a")
		}
		w.run()
		for seen := 0; seen < rows; {
			var ids []domain.WorkID
			w.eventually("more is published", func() bool { ids = w.bus.take(); return len(ids) > 0 })
			for _, id := range ids {
				w.claim(id)
			}
			w.relay.Claimed("s", len(ids))
			seen += len(ids)
		}
		if w.bus.most > window {
			w.Errorf("%d entries waited in a window of %d", w.bus.most, window)
		}
	}, func(c *work.RelayConfig) { c.Window = window })
}

func TestWipedBusGetsEverythingAgainAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		id := w.add("env_a")
		w.eventually("published", func() bool { return w.bus.count(id) == 1 })
		w.bus.wipe("two")
		w.eventually("published again", func() bool { return w.bus.count(id) == 2 })
	})
}

func TestRowsWaitWhileTheBusIsAwayAndGoOutWhenItIsBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		first := w.add("env_a")
		w.eventually("published", func() bool { return w.bus.count(first) == 1 })
		w.bus.away(errAway)
		second := w.add("env_a") // stored as published, and then it cannot be
		third := w.add("env_a")
		w.bus.away(nil)
		w.eventually("published when the bus is back", func() bool { return w.bus.count(second) == 1 && w.bus.count(third) == 1 })
	})
}

func TestUnclaimedAndLapsedRowsComeDueAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		w.run()
		unclaimed, lapsed, held := w.add("env_a"), w.add("env_a"), w.add("env_a")
		w.eventually("published", func() bool { return w.bus.count(unclaimed)+w.bus.count(lapsed)+w.bus.count(held) == 3 })
		w.claim(lapsed)
		row := w.claim(held)
		w.must(w.applier.Apply(w.Context(), domain.Change{Work: &domain.WorkChange{ID: held, Epoch: row.Epoch, Move: domain.MoveHold, Stage: "prepare"}}))
		w.clock.Add(time.Minute + time.Second)
		w.eventually("a claim whose lease ended is published", func() bool { return w.bus.count(lapsed) == 2 })
		if n := w.bus.count(unclaimed); n != 1 {
			w.Errorf("an unclaimed row was published %d times after a minute", n)
		}
		w.clock.Add(10 * time.Minute)
		w.eventually("what nobody claimed for ten minutes is published", func() bool { return w.bus.count(unclaimed) == 2 })
		if n := w.bus.count(held); n != 1 {
			w.Errorf("a held row was published %d times", n)
		}
	})
}

func TestPickIsFairOverEnvironments(t *testing.T) {
	onBoth(t, func(w *world) {
		for range 50 {
			w.add("env_big")
		}
		w.clock.Add(time.Second)
		small := w.add("env_small") // due last of all
		rows, err := w.store.Pick(w.Context(), store.PickRequest{Streams: map[string]store.StreamRoom{"s": {Incarnation: "one", Room: 4}}})
		w.must(err)
		for _, r := range rows {
			if r.ID == small {
				return
			}
		}
		w.Errorf("%d rows picked, none of the small environment", len(rows))
	})
}

func TestClosedGateHoldsRowsBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.store.CloseGate(w.Context(), store.Gate{Key: "con_1", ClosedUntil: w.clock.Now().Add(time.Hour), Reason: "unauthorized"}))
		id := w.add("env_a")
		room := store.PickRequest{Streams: map[string]store.StreamRoom{"s": {Incarnation: "one", Room: 10}}, Lost: true}
		if rows, err := w.store.Pick(w.Context(), room); err != nil || len(rows) != 0 {
			w.Fatalf("picked %d behind a closed gate, %v", len(rows), err)
		}
		if rows, err := w.store.Claim(w.Context(), "node_1", time.Minute, []domain.WorkID{id}); err != nil || len(rows) != 0 {
			w.Fatalf("claimed %d behind a closed gate, %v", len(rows), err)
		}
		w.must(w.store.OpenGate(w.Context(), "con_1"))
		w.run()
		w.eventually("published once open", func() bool { return w.bus.count(id) == 1 })
	})
}
