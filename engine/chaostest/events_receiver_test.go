//go:build linux

package chaostest

import (
	"testing"
	"time"
)

// TestAReceiverKilledUnderEventsMissesNothing kills receivers while events go
// to them, and starts them again at their port with what they had kept: what
// they took is theirs, and all else comes by itself.
func TestAReceiverKilledUnderEventsMissesNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newEventWorld(t, b, "")
			w.name += " loses its receivers"
			n := w.start("")
			for range 2 {
				w.underWay(w.killReceivers)
			}
			w.finishWithin(3*time.Minute, n) // each kill costs all that are in an order a wait
		})
	}
}

// killReceivers kills that of all and the ordered one, and starts them when
// attempts have found nobody there.
func (w *eventWorld) killReceivers() {
	w.t.Helper()
	missed := func() int {
		return w.number(`SELECT COUNT(*) FROM delivery_attempt WHERE reason = 'connect'`)
	}
	before := missed()
	dead := w.endpoints[:2]
	for _, e := range dead {
		e.process.kill()
		e.process.wasKilled(w.t)
	}
	w.publish(4, 4)
	w.eventually(time.Minute, "attempts find nobody", func() bool { return missed() > before })
	for _, e := range dead {
		kept := len(e.events)
		e.run()
		if n := len(e.arrived()); n < kept {
			w.t.Errorf("%s: of %d events that came %d requests are kept", e.name, kept, n)
		}
	}
}
