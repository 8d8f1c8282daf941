package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// pending is a payment of a type that its operator has taken and not ended.
func (w *world) pending(kind payment.Type) domain.PaymentID {
	w.Helper()
	id := w.make(kind)
	w.operator.script(operationOf(kind), says(schemas.PaymentPending))
	w.walk(id)
	w.want(id, schemas.PaymentPending)
	return id
}

func operationOf(kind payment.Type) string {
	return map[payment.Type]string{
		payment.Collection: schemas.OpPaymentCollect, payment.Refund: schemas.OpPaymentRefund, payment.Disbursement: schemas.OpPaymentDisburse,
	}[kind]
}

func TestTheFirstAnswerEndsACollection(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.collect("C-1")
		w.walk(id)
		p := w.get(id)
		if p.Status != schemas.PaymentSuccess || string(p.Raw) != `{"told":true}` || p.LatencyMs == nil {
			t.Errorf("ended as %+v", p)
		}
		w.balances(990, 0, -1000)
		if n := w.operator.count(schemas.OpPaymentLookup); n != 0 {
			t.Errorf("%d look-ups", n)
		}
		if a, b := w.heard(schemas.EventPaymentCompleted, id), w.heard(schemas.EventPaymentReceived, id); a != 1 || b != 1 {
			t.Errorf("told %d and %d times", a, b)
		}
	})
}

func TestALookUpEndsACollectionThatWasPending(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.pending(payment.Collection)
		w.operator.script(schemas.OpPaymentLookup, looked(domain.LookupFoundPending), found(schemas.PaymentSuccess))
		w.next(id)
		w.want(id, schemas.PaymentPending)
		w.next(id)
		if p := w.get(id); p.Status != schemas.PaymentSuccess || string(p.Raw) != `{"found":true}` {
			t.Errorf("ended as %+v", p)
		}
		w.balances(990, 0, -1000)
		if n := w.operator.count(schemas.OpPaymentCollect); n != 1 {
			t.Errorf("asked for %d times", n)
		}
	})
}

func TestNewsOfItsReferenceEndsACollectionAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.pending(payment.Collection)
		if w.walk(id) {
			t.Fatal("it does not wait")
		}
		w.news(id, schemas.PaymentSuccess) // whatever it says, the look-up counts
		w.operator.script(schemas.OpPaymentLookup, found(schemas.PaymentUserCancelled))
		if !w.walk(id) {
			t.Fatal("it is not due")
		}
		w.want(id, schemas.PaymentUserCancelled)
		w.balances(0, 0, 0)
		if n := len(w.confirmations()); n != 0 {
			t.Errorf("%d confirmations of a payment that was not given up", n)
		}
	})
}

func TestEachTypeBooksItsSuccessAndItsFailure(t *testing.T) {
	for _, c := range []struct {
		kind                 payment.Type
		status               schemas.PaymentStatus
		float, suspense, sim int64
		event                string
	}{
		{payment.Collection, schemas.PaymentSuccess, 990, 0, -1000, schemas.EventPaymentCompleted},
		{payment.Collection, schemas.PaymentInsufficientFunds, 0, 0, 0, schemas.EventPaymentCompleted},
		{payment.Refund, schemas.PaymentSuccess, 490, 0, -500, schemas.EventPaymentRefunded},
		{payment.Refund, schemas.PaymentAccountBlocked, 990, 0, -1000, schemas.EventPaymentRefunded},
		{payment.Disbursement, schemas.PaymentSuccess, 490, 0, -500, schemas.EventDisbursementCompleted},
		{payment.Disbursement, schemas.PaymentUnknownMSISDN, 990, 0, -1000, schemas.EventDisbursementCompleted},
	} {
		t.Run(string(c.kind)+" "+string(c.status), func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.pending(c.kind)
				if c.kind != payment.Collection {
					w.balances(490, 500, -1000) // reserved
				}
				w.operator.script(schemas.OpPaymentLookup, found(c.status))
				w.next(id)
				w.want(id, c.status)
				w.balances(c.float, c.suspense, c.sim)
				if n := w.heard(c.event, id); n != 1 {
					w.Errorf("%s told %d times", c.event, n)
				}
			})
		})
	}
}

func TestWhatAConnectorRefusesHasAStatus(t *testing.T) {
	onBoth(t, func(w *world) {
		taken := result(schemas.PaymentLookupOutput{
			Result: string(domain.LookupDifferent), Differences: []schemas.Difference{{Field: "amount", Expected: "1000", Found: "1"}},
		})
		w.operator.script(schemas.OpPaymentCollect, fails(domain.ClassRejected), fails(domain.ClassInvalid), fails(domain.ClassUnknownOutcome))
		rejected, invalid, doubtful := w.collect("1"), w.collect("2"), w.collect("3")
		w.walk(rejected)
		w.walk(invalid)
		w.want(rejected, schemas.PaymentServiceUnavailable)
		w.want(invalid, schemas.PaymentServiceUnavailable)
		w.walk(doubtful)
		w.operator.always(schemas.OpPaymentLookup, taken)
		w.until(doubtful, 10*time.Minute)
		w.want(doubtful, schemas.PaymentDuplicateReference)
		w.operator.lack(schemas.OpPaymentCollect)
		lacking := w.collect("4")
		w.walk(lacking)
		w.want(lacking, schemas.PaymentServiceUnavailable)
		w.balances(0, 0, 0)
	})
}

func TestOneReferenceMakesOnePayment(t *testing.T) {
	onBoth(t, func(w *world) {
		ids := make([]domain.PaymentID, callers)
		together(callers, func(i int) {
			var err error
			if ids[i], err = w.tryCollect(request("SAME")); err != nil {
				w.Error(err)
			}
		})
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("made %v", ids)
			}
		}
		w.walk(ids[0])
		w.balances(990, 0, -1000)
		if n := w.operator.count(schemas.OpPaymentCollect); n != 1 {
			t.Errorf("asked for %d times", n)
		}
		other := request("SAME")
		other.Amount = 2
		if _, err := w.tryCollect(other); code(err) != "duplicate_reference" {
			t.Errorf("other content: %v", err)
		}
	})
}
