package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// timedOut is a payment of a type that was given up.
func (w *world) timedOut(kind payment.Type) domain.PaymentID {
	w.Helper()
	id := w.pending(kind)
	w.until(id, limit+10*time.Minute)
	w.want(id, schemas.PaymentTimeout)
	return id
}

// confirm runs what asks once more, also where another one was first.
func (w *world) confirm() {
	w.Helper()
	for range 3 {
		for _, id := range w.confirmations() {
			w.run(id)
		}
		w.clock.Add(10 * time.Minute) // the claims of those that came second end
	}
	if n := len(w.confirmations()); n != 0 {
		w.Errorf("%d confirmations do not end", n)
	}
}

// succeedLate tells that a payment that was given up has succeeded.
func (w *world) succeedLate(id domain.PaymentID) {
	w.Helper()
	w.operator.always(schemas.OpPaymentLookup, found(schemas.PaymentSuccess))
	w.news(id, schemas.PaymentSuccess)
	w.confirm()
	if n := w.heard(schemas.EventPaymentLateSuccess, id); n != 1 {
		w.Fatalf("a late success of %s told %d times", id, n)
	}
}

func TestALateSuccessLiesInSuspense(t *testing.T) {
	for kind, c := range map[payment.Type]struct{ float, suspense, sim int64 }{
		payment.Collection: {0, 1000, -1000}, payment.Refund: {990, -500, -500}, payment.Disbursement: {990, -500, -500},
	} {
		t.Run(string(kind), func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.timedOut(kind)
				w.operator.always(schemas.OpPaymentLookup, found(schemas.PaymentSuccess))
				together(callers, func(int) { w.news(id, schemas.PaymentSuccess) })
				runs := w.confirmations()
				if len(runs) == 0 {
					t.Fatal("nobody asks")
				}
				together(len(runs), func(i int) { w.run(runs[i]) })
				w.confirm()
				w.news(id, schemas.PaymentSuccess)
				w.confirm()
				p := w.get(id)
				if p.Status != schemas.PaymentTimeout || string(p.Raw) != `{"found":true}` {
					t.Errorf("it is %+v", p)
				}
				w.balances(c.float, c.suspense, c.sim)
				if n := w.heard(schemas.EventPaymentLateSuccess, id); n != 1 {
					t.Errorf("told %d times", n)
				}
			})
		})
	}
}

func TestNewsAloneIsNoLateSuccess(t *testing.T) {
	for name, looks := range map[string]answer{
		"not found": looked(domain.LookupNotFound), "pending": looked(domain.LookupFoundPending), "failed": found(schemas.PaymentUserCancelled),
		"rejected": fails(domain.ClassRejected),
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.timedOut(payment.Collection)
				w.news(id, schemas.PaymentUserCancelled)
				if n := len(w.confirmations()); n != 0 {
					t.Fatalf("%d ask about what failed", n)
				}
				w.operator.always(schemas.OpPaymentLookup, looks)
				w.news(id, schemas.PaymentPending)
				w.confirm()
				w.balances(0, 0, 0)
				w.succeedLate(id) // later it does succeed
				w.balances(0, 1000, -1000)
			})
		})
	}
}

// What a person ended on a doubt, the operator may know better.
func TestASuccessAfterAPersonsNoIsFound(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.held(payment.Collection)
		w.must(w.resolve(id, domain.EndFailed))
		w.operator.always(schemas.OpPaymentLookup, found(schemas.PaymentSuccess))
		w.news(id, schemas.PaymentSuccess)
		w.confirm()
		w.want(id, schemas.PaymentServiceUnavailable)
		w.balances(0, 1000, -1000)
		if n := w.heard(schemas.EventPaymentLateSuccess, id); n != 1 {
			w.Errorf("told %d times", n)
		}
	})
}
