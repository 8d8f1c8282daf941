package pipeline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
)

// recovered runs Recover as of ago before now.
func (w *world) recovered(ago time.Duration) pipeline.Recovered {
	w.t.Helper()
	out, err := w.pipeline.Recover(w.t.Context(), w.clock.Now().Add(-ago))
	must(w.t, err)
	return out
}

func TestAfterARestoreNothingIsSentBeforeALookup(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		// What the vendor knows and the restored database does not: both were
		// signed after the backup, one of them while it waited.
		w.vendor.script("test.send", fails(domain.ClassUnavailable))
		waiting := w.accept()
		w.walk(waiting)
		fresh := w.accept()
		sent := w.vendor.count("test.send")

		if got := w.recovered(time.Hour); got.Lookups != 2 || got.Held != 0 || got.Later != 2 {
			t.Fatalf("recovered %+v", got)
		}
		w.vendor.script("test.lookup", looked(domain.LookupFoundFinal), looked(domain.LookupFoundFinal))
		for _, id := range []domain.MessageID{waiting, fresh} {
			w.toEnd(id)
			w.wantEnd(id, domain.EndCompleted)
		}
		if n := w.vendor.count("test.send"); n != sent {
			t.Errorf("%d requests with an effect after the restore", n-sent)
		}
	})
}

func TestAfterARestoreWhatTheVendorDoesNotKnowIsSentOnceItIsSure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	id := w.accept()
	w.recovered(0)
	settled := w.clock.Now().Add(90 * time.Second)
	w.vendor.script("test.send", then(func() {
		if w.clock.Now().Before(settled) {
			t.Error("sent while a request from before the restore could still arrive")
		}
	}, result(`{}`)))
	w.toEnd(id) // look-ups find nothing
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.lookup"); n < 2 {
		t.Errorf("%d look-ups", n)
	}
}

func TestAfterARestoreUnkeyedWorkIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	w.vendor.effect = "unkeyed"
	id := w.accept()
	if got := w.recovered(0); got.Held != 1 || got.Lookups != 0 {
		t.Fatalf("recovered %+v", got)
	}
	w.wantHeld(id, "restored_unkeyed")
	// A replay without "resend" looks up; it sends nothing.
	w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
	_, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{}, false, "tester")
	must(t, err)
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.send"); n != 0 {
		t.Errorf("sent %d times", n)
	}
}

func TestAfterARestoreHeldMessagesStayHeldAndLookUpWhenReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	for range 9 {
		w.vendor.script("test.prepare", fails(domain.ClassInternal))
	}
	id := w.accept()
	w.toEnd(id)
	w.wantHeld(id, "attempts_exhausted")
	w.vendor.forget()
	w.recovered(0)
	w.wantHeld(id, "attempts_exhausted")
	w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
	_, err := w.pipeline.Replay(t.Context(), env, pipeline.HeldFilter{}, false, "tester")
	must(t, err)
	w.toEnd(id)
	w.wantEnd(id, domain.EndCompleted)
	if n := w.vendor.count("test.send"); n != 0 {
		t.Errorf("sent %d times", n)
	}
}

func TestRecoverFencesOffWalksFromBeforeAndMayRunTwice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func(*testing.T) *world) {
		w := open(t)
		id := w.accept()
		before := w.claim("node_1", id)
		w.recovered(0)
		w.recovered(0)
		w.pipeline.Walk(t.Context(), before)
		if n := w.vendor.count("test.send"); n != 0 {
			t.Errorf("a walk from before the restore sent %d requests", n)
		}
		w.vendor.script("test.lookup", looked(domain.LookupFoundFinal))
		w.toEnd(id)
		w.wantEnd(id, domain.EndCompleted)
	})
}

func TestRecoverIsRefusedWhileANodeLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testserver.Postgres(t)) // on SQLite the file's lock is the proof
	must(t, w.store.Heartbeat(t.Context(), &store.Node{ID: "node_1", StartedAt: w.clock.Now()}))
	if _, err := w.pipeline.Recover(t.Context(), w.clock.Now()); !errors.Is(err, store.ErrNodesLive) {
		t.Errorf("beside a node: %v", err)
	}
	w.clock.Add(store.LapseAfter + time.Second)
	if _, err := w.pipeline.Recover(t.Context(), w.clock.Now()); err != nil {
		t.Errorf("after the node has lapsed: %v", err)
	}
}

func TestRecoverIsRefusedForTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
	if _, err := w.pipeline.Recover(t.Context(), w.clock.Now().Add(time.Minute)); err == nil {
		t.Error("a time in the future was accepted")
	}
}
