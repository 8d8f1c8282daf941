package work_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/engine/work"
)

// onCut runs a test on a PostgreSQL whose connection can be cut at COMMIT.
func onCut(t *testing.T, committed bool, test func(w *world, c *testserver.Cutter)) {
	t.Helper()
	c, address := testserver.Cut(t, testserver.Postgres(t), committed)
	w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), bus: newBus()}
	w.store = storetest.Postgres(t, func(cfg *store.Config) { cfg.Now, cfg.URL = w.clock.Now, address })
	w.applier = store.NewApplier(w.store)
	var err error
	w.relay, err = work.NewRelay(work.RelayConfig{Store: w.store, Bus: w.bus, Log: discard(), Tick: 20 * time.Millisecond})
	w.must(err)
	w.applier.Announcer(w.relay)
	test(w, c)
}

// A new row that was stored as published in a commit of unknown outcome would
// lie unrung until it is stale.
func TestNewRowOfACommitOfUnknownOutcomeIsRung(t *testing.T) {
	t.Parallel()
	onCut(t, true, func(w *world, c *testserver.Cutter) {
		w.run()
		first := w.add("env_a")
		w.eventually("the stream is known", func() bool { return w.bus.count(first) == 1 })
		row := domain.Work{
			ID: domain.NewID[domain.WorkID](domain.PrefixMessage), Kind: domain.WorkMessage, Stream: "s", Environment: "env_a",
			Connection: "con_1", Gate: "con_1", Stage: "prepare", DueAt: w.clock.Now(),
		}
		c.Cuts(1)
		if err := w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{row}}); !errors.Is(err, store.ErrUnknown) {
			w.Fatalf("applied: %v", err)
		}
		w.eventually("rung", func() bool { return w.bus.count(row.ID) == 1 })
	})
}

// A slot that was kept for a row of such a commit is free again: whether the
// row is there, its claim's end tells.
func TestSlotKeptForACommitOfUnknownOutcomeIsFree(t *testing.T) {
	t.Parallel()
	onCut(t, false, func(w *world, c *testserver.Cutter) {
		keeper := work.NewKeeper(w.Context(), w.receiver(1, w.done))
		w.relay.Keep("s", keeper)
		c.Cuts(1)
		row := domain.Work{ID: "msg_lost", Kind: domain.WorkMessage, Stream: "s", Environment: "env_a", Stage: "prepare", DueAt: w.clock.Now()}
		if err := w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{row}}); !errors.Is(err, store.ErrUnknown) {
			w.Fatalf("applied: %v", err)
		}
		if p := keeper.Reserve(); p.Owner == "" {
			w.Error("the slot is not free")
		} else {
			keeper.Cancel()
		}
		keeper.Close()
	})
}

// Rows that a pick of unknown outcome has marked are published by it, else by
// the next one.
func TestPickOfUnknownOutcomeIsPublished(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"the server committed": true, "the server heard nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onCut(t, committed, func(w *world, c *testserver.Cutter) {
				id := w.add("env_a")
				request := store.PickRequest{Streams: map[string]store.StreamRoom{"s": {Incarnation: "one", Room: 4}}}
				c.Cuts(1)
				rows, err := w.store.Pick(w.Context(), request)
				w.must(err)
				if !committed {
					if len(rows) != 0 {
						w.Errorf("picked %+v, which is not stored", rows)
					}
					rows, err = w.store.Pick(w.Context(), request)
					w.must(err)
				}
				if len(rows) != 1 || rows[0].ID != id {
					w.Errorf("picked %+v", rows)
				}
			})
		})
	}
}
