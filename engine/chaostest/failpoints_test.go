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
	for nth := 1; nth <= 3; nth++ {
		n := w.start(fmt.Sprintf("%s:%d", point, nth))
		posted := make(chan struct{})
		go func() {
			defer close(posted)
			w.post(w.key, nth, numbered(fmt.Sprintf("K%d", nth), nth))
		}()
		n.diesWithin(t, time.Minute)
		w.kills++
		defer func() { <-posted }()
	}
	n := w.start("")
	w.eventually(time.Minute, "all six are accepted", func() bool { return len(w.acceptedIDs()) == 6 })
	w.finish(n, 90*time.Second)
}
