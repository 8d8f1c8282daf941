package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// recover makes the database safe after a restore to a moment ago.
func (w *world) recover(lookups, held int) {
	w.Helper()
	got, err := w.pipeline.Recover(w.Context(), w.clock.Now().Add(-time.Minute))
	w.must(err)
	if got.Lookups != lookups || got.Held != held {
		w.Fatalf("recovered %+v, want %d look-ups and %d held", got, lookups, held)
	}
}

// What was paid out after the backup is found, and the money that lay reserved
// for it goes where it went.
func TestAfterARestorePaymentsAreLookedUpAndReservationsHold(t *testing.T) {
	for status, c := range map[schemas.PaymentStatus]struct{ float, sim int64 }{
		schemas.PaymentSuccess: {490, -500}, schemas.PaymentAccountBlocked: {990, -1000},
	} {
		for _, kind := range []payment.Type{payment.Refund, payment.Disbursement} {
			t.Run(string(kind)+" "+string(status), func(t *testing.T) {
				onBoth(t, func(w *world) {
					id := w.make(kind)
					w.balances(490, 500, -1000)
					w.recover(1, 0)
					w.balances(490, 500, -1000)
					w.operator.always(schemas.OpPaymentLookup, found(status))
					w.next(id)
					w.want(id, status)
					w.balances(c.float, 0, c.sim)
					if n := w.operator.count(operationOf(kind)); n != 0 {
						w.Errorf("sent %d times", n)
					}
				})
			})
		}
	}
}

func TestAfterARestoreUnkeyedPaymentsAreHeld(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.make(payment.Disbursement)
		w.operator.unkeyed()
		w.recover(0, 1)
		w.wantHeld(id, "restored_unkeyed")
		w.balances(490, 500, -1000)
		w.clock.Add(10 * time.Minute)
		w.must(w.resolve(id, domain.EndCompleted))
		w.want(id, schemas.PaymentSuccess)
		w.balances(490, 0, -500)
	})
}

// What the operator had taken before the backup stays taken.
func TestAfterARestoreAnAcceptedPaymentIsNotSentAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.pending(payment.Disbursement)
		w.recover(1, 0)
		w.recover(1, 0) // a crash in the midst of it
		w.until(id, 50*time.Minute)
		w.want(id, schemas.PaymentPending)
		if n := w.operator.count(schemas.OpPaymentDisburse); n != 1 {
			t.Errorf("sent %d times", n)
		}
		w.until(id, 20*time.Minute)
		w.want(id, schemas.PaymentTimeout)
		w.balances(990, 0, -1000)
	})
}
