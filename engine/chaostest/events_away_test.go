//go:build linux

package chaostest

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/internal/testserver"
)

// TestRedisKilledAndWipedUnderEventsCostsNothing: each event arrives at each of
// its endpoints, and exactly once, since no engine dies.
func TestRedisKilledAndWipedUnderEventsCostsNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{sqliteRedis, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newEventWorld(t, b, "")
			w.name += " loses its bus"
			n := w.start("")
			for _, wipe := range []bool{false, true, false, true} {
				w.underWay(func() { w.redis.Restart(wipe) })
			}
			w.finish(n)
		})
	}
}

// TestPostgresRestartedUnderEventsLosesNothing: an attempt whose result was
// being stored may be made again, once for each time that the database died.
func TestPostgresRestartedUnderEventsLosesNothing(t *testing.T) {
	t.Parallel()
	server := testserver.PostgresServer(t)
	w := newEventWorld(t, postgresRedis, server.Database(t))
	w.name = "postgres killed under events"
	n := w.start("")
	for range 2 {
		w.underWay(func() { server.Restart(t) })
		w.kills++
		// Who was in flight then cannot be asked: all places were taken at most.
		w.claimed += placesOfANode
	}
	w.finish(n)
	for _, e := range w.endpoints {
		for id, told := range e.events {
			if told.times > 1+w.kills {
				t.Errorf("event %s came %d times", id, told.times)
			}
		}
	}
}

// placesOfANode is the default of callback-in-flight.
const placesOfANode = 256

// underWay does something in the middle of a batch of events, and returns when
// events that were published afterwards arrive.
func (w *eventWorld) underWay(act func()) {
	w.t.Helper()
	before := w.all().count()
	if full() {
		w.publish(16, 60)
	} else {
		w.publish(8, 40)
	}
	w.eventually(time.Minute, "events arrive", func() bool { return w.all().count() >= before+20 })
	act()
	after := w.all().count()
	w.publish(2, 5)
	w.eventually(time.Minute, "events arrive again", func() bool { return w.all().count() > after })
}
