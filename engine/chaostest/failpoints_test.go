//go:build linux

package chaostest

import (
	"fmt"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/failpoint"
)

// TestAKillAtAnyPointLosesAndRepeatsNothing kills the engine (and at
// request_written the connector with it) at each point, on its first hit, on
// its second and on its third, each time with new invoices under way.
func TestAKillAtAnyPointLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, postgresRedis} {
		for _, point := range failpoint.All() {
			t.Run(b.name+"/"+point, func(t *testing.T) {
				t.Parallel()
				dieAt(t, b, point)
			})
		}
	}
}

func dieAt(t *testing.T, b backend, point string) {
	w := newWorld(t, b, usual, "")
	w.name += "/" + point
	next := 0
	post := func(invoices int) {
		for range invoices {
			next++
			number := fmt.Sprintf("K%03d", next)
			w.posting.Go(func() { w.accept(w.key, number) })
		}
	}
	for nth := 1; nth <= 3; nth++ {
		n := w.start(fmt.Sprintf("%s:%d", point, nth))
		// What is published together is one hit: one more where it was not enough.
		for post(nth); !n.ended(5 * time.Second); post(1) {
			if next > 20 {
				t.Fatalf("%s:%d was not reached\n%s", point, nth, w.picture())
			}
		}
		n.wasKilled(t)
		w.kills++
	}
	n := w.start("")
	w.posting.Wait()
	w.finish(n, 90*time.Second)
	if asked := w.authority.Counters().Requests["confirm"]; doubtful(point) && asked < int64(w.kills) {
		t.Errorf("%d look-ups after %d kills that each left an effect in doubt", asked, w.kills)
	}
}

// doubtful are the points at which an effect is stored as sent and its outcome
// is not.
func doubtful(point string) bool {
	return point == failpoint.SentStored || point == failpoint.RequestWritten || point == failpoint.AnswerReceived
}
