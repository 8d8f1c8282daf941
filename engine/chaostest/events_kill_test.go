//go:build linux

package chaostest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/failpoint"
)

// TestAKillInAnyWindowOfADeliveryLosesNothing kills the engine again and again,
// each time in another window of a delivery and with new events under way:
// before anybody was told of the stored row, on its way over the bus, claimed,
// in flight at the receiver, answered, stored, and while a retry comes due.
func TestAKillInAnyWindowOfADeliveryLosesNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, sqliteRedis, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newEventWorld(t, b, "")
			for _, nth := range hits() {
				for _, point := range failpoint.Deliveries() {
					w.dieAt(point, nth)
				}
				w.dieInFlight()
				w.dieWhileARetryIsDue()
			}
			w.finish(w.start(""))
		})
	}
}

// hits are at which hit of a point the engine dies, by rounds.
func hits() []int {
	if full() {
		return []int{1, 4, 12}
	}
	return []int{3}
}

func (w *eventWorld) dieAt(point string, nth int) {
	w.t.Helper()
	n := w.start(fmt.Sprintf("%s:%d", point, nth))
	// What is published together is one hit: more where it was not enough.
	tries := 0
	for w.publish(4, 4); !n.ended(2 * time.Second); w.publish(1, 4) {
		if tries++; tries > 20 {
			w.t.Fatalf("%s:%d was not reached\n%s", point, nth, w.picture())
		}
	}
	n.wasKilled(w.t)
	w.died()
}

// dieInFlight kills the engine while requests stand at the receiver.
func (w *eventWorld) dieInFlight() {
	w.t.Helper()
	n := w.start("")
	w.all().behave("hold", 0)
	w.publish(8, 1)
	w.eventually(time.Minute, "requests stand at the receiver", func() bool { held, _ := w.all().state(); return held >= 3 })
	n.kill()
	w.all().behave("", 0)
	w.died()
}

// dieWhileARetryIsDue kills the engine while what was refused waits, and lets
// the retries come due while no engine runs.
func (w *eventWorld) dieWhileARetryIsDue() {
	w.t.Helper()
	n := w.start("")
	w.posting.Wait()
	w.all().behave("", http.StatusServiceUnavailable)
	w.publish(8, 1)
	w.posting.Wait()
	w.eventually(time.Minute, "all eight wait for their next attempt", func() bool {
		return w.number(`SELECT COUNT(*) FROM delivery JOIN work ON work.id = delivery.id WHERE delivery.attempts > 0 AND work.owner = ''`) >= 8
	})
	n.kill()
	w.died()
	w.all().behave("", http.StatusOK)
	w.eventually(time.Minute, "the retries are due", func() bool {
		return w.number(fmt.Sprintf(`SELECT COUNT(*) FROM work WHERE due_at > %d`, w.pace.Now().UnixMicro())) == 0
	})
}
