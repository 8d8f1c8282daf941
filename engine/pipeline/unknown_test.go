package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
)

// onCut runs a test on a PostgreSQL whose connection can be cut at COMMIT, once
// with the server having committed and once without.
func onCut(t *testing.T, test func(t *testing.T, w *world, c *testserver.Cutter)) {
	t.Helper()
	for name, committed := range map[string]bool{"the server committed": true, "the server heard nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, address := testserver.Cut(t, testserver.Postgres(t), committed)
			test(t, newWorld(t, address), c)
		})
	}
}

// One settled not_found whose commit nobody knows of is one, however often it
// is stored: counted twice, the effect would be sent again on a doubt.
func TestLookupWhoseCommitIsUnknownCountsOnce(t *testing.T) {
	t.Parallel()
	onCut(t, func(t *testing.T, w *world, c *testserver.Cutter) {
		id := w.accept()
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		w.walk(id)
		w.clock.Add(10 * time.Minute)
		w.vendor.script("test.lookup", then(func() { c.Cuts(1) }, looked(domain.LookupNotFound)))
		w.walk(id)
		w.clock.Add(10 * time.Minute)
		w.vendor.script("test.lookup", then(func() {
			if n := w.number(`SELECT not_founds FROM attempt WHERE message_id = $1`, id); n != 1 {
				t.Errorf("one look-up counts %d times", n)
			}
			if n := w.number(`SELECT waits FROM message WHERE id = $1`, id); n != 2 {
				t.Errorf("%d waits", n)
			}
		}, looked(domain.LookupFoundFinal)))
		w.walk(id)
		w.wantEnd(id, domain.EndCompleted)
		if n := w.vendor.count("test.send"); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// An outcome that is kept between two effects is stored once, and the walk goes
// on in the claim it has.
func TestWalkGoesOnWhenACommitThatKeepsTheClaimIsUnknown(t *testing.T) {
	t.Parallel()
	onCut(t, func(t *testing.T, w *world, c *testserver.Cutter) {
		w.flow.twoEffects = true
		id := w.accept()
		w.vendor.script("test.send", then(func() { c.Cuts(1) }, result(`{}`)))
		w.walk(id)
		w.wantEnd(id, domain.EndCompleted)
		if sent, asked := w.vendor.count("test.send"), w.vendor.count("test.lookup"); sent != 1 || asked != 0 {
			t.Errorf("sent %d, looked up %d times", sent, asked)
		}
	})
}

// What a release, a hold or an end changes is changed once.
func TestReleaseIsNeverTrueTwice(t *testing.T) {
	t.Parallel()
	for _, move := range []domain.WorkMove{domain.MoveWait, domain.MoveHold, domain.MoveDone} {
		t.Run(string(move), func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
				w := open(t)
				id := w.accept()
				rows, err := w.store.Claim(t.Context(), "node_1", time.Minute, []domain.WorkID{domain.WorkID(id)})
				must(t, err)
				change := domain.Change{Work: &domain.WorkChange{ID: rows[0].ID, Epoch: rows[0].Epoch, Move: move, Stage: "prepare", DueAt: w.clock.Now()}}
				must(t, w.applier.Apply(t.Context(), change))
				if err := w.applier.Apply(t.Context(), change); !errors.Is(err, store.ErrStale) {
					t.Errorf("applied again: %v", err)
				}
			})
		})
	}
}

// number reads one integer.
func (w *world) number(sql string, args ...any) (n int64) {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), sql, args...)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&n))
	}
	must(w.t, rows.Err())
	return n
}
