package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

func TestLookUpsComeAfterAQuarterOfAMinuteAndThenMoreRarely(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.pending(payment.Collection)
		w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupFoundPending))
		// The third one comes when every request of the attempt must have arrived, 61 s
		// after it was sent.
		const settled = 61*time.Second - 37500*time.Millisecond
		for i, want := range []time.Duration{15 * time.Second, 22500 * time.Millisecond, settled, 50625 * time.Millisecond, time.Minute, time.Minute} {
			if got := w.due(id); got != want {
				t.Errorf("look-up %d is due in %s, want %s", i+1, got, want)
			}
			w.next(id)
		}
	})
}

// Twenty look-ups a second is what a connection makes; who waits longer than a
// quarter of an hour for a turn has one then.
func TestTheBudgetSpreadsLookUps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite)
	flow, r := w.payments.Flow(), payment.Row{Connection: connection}
	now := w.clock.Now()
	for range 3 {
		if got := flow.Next(r, 0, now).Sub(now); got != 15*time.Second {
			t.Errorf("a first look-up is due in %s", got)
		}
	}
	const many = 20_000
	for i := range many {
		want := min(time.Minute+time.Duration(i)*50*time.Millisecond, 15*time.Minute)
		if got := flow.Next(r, 20, now).Sub(now); got != want {
			t.Fatalf("look-up %d is due in %s, want %s", i, got, want)
		}
	}
	if got := flow.Next(payment.Row{Connection: "con_b"}, 20, now).Sub(now); got != time.Minute {
		t.Errorf("another connection's is due in %s", got)
	}
}
