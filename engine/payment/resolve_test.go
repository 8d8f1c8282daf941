package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/schemas"
)

func (w *world) resolve(id domain.PaymentID, end domain.Ending) error {
	return w.pipeline.Resolve(w.Context(), w.env.ID, w.message(id), pipeline.Resolution{Outcome: end, Evidence: "The operator's desk says so.", Actor: "tester"})
}

// held is a payment of a type of which the operator cannot tell what became.
func (w *world) held(kind payment.Type) domain.PaymentID {
	w.Helper()
	id := w.make(kind)
	w.hold(id, kind)
	return id
}

// hold leaves a payment in a doubt that nobody can clear.
func (w *world) hold(id domain.PaymentID, kind payment.Type) {
	w.Helper()
	w.operator.script(operationOf(kind), fails(domain.ClassUnknownOutcome))
	w.operator.script(schemas.OpPaymentLookup, looked(domain.LookupCannotTell))
	w.walk(id)
	w.until(id, 10*time.Minute)
	w.wantHeld(id, "cannot_tell")
	w.clock.Add(10 * time.Minute) // no request is on its way any more
}

func TestAPersonEndsAHeldPayment(t *testing.T) {
	for _, kind := range []payment.Type{payment.Collection, payment.Refund, payment.Disbursement} {
		for end, want := range map[domain.Ending]schemas.PaymentStatus{
			domain.EndCompleted: schemas.PaymentSuccess, domain.EndRejected: schemas.PaymentServiceUnavailable, domain.EndFailed: schemas.PaymentServiceUnavailable,
		} {
			if end == domain.EndRejected && kind != payment.Collection {
				continue // what it does is what a failure does
			}
			t.Run(string(kind)+" "+string(end), func(t *testing.T) {
				onBoth(t, func(w *world) {
					id := w.held(kind)
					w.must(w.resolve(id, end))
					w.want(id, want)
					if got := w.text(`SELECT held_reason FROM payment WHERE id = $1`, id); got != "" {
						w.Errorf("still held for %s", got)
					}
					switch {
					case kind == payment.Collection && end == domain.EndCompleted:
						w.balances(990, 0, -1000)
					case kind == payment.Collection:
						w.balances(0, 0, 0)
					case end == domain.EndCompleted:
						w.balances(490, 0, -500)
					default:
						w.balances(990, 0, -1000)
					}
					if err := w.resolve(id, domain.EndFailed); code(err) != "not_held" {
						w.Errorf("resolved again: %v", err)
					}
				})
			})
		}
	}
}

func TestAHeldPaymentIsLookedUpWhenReplayed(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.held(payment.Disbursement)
		w.operator.script(schemas.OpPaymentLookup, found(schemas.PaymentSuccess))
		_, err := w.pipeline.Replay(w.Context(), w.env.ID, pipeline.HeldFilter{}, false, "tester")
		w.must(err)
		w.next(id)
		w.want(id, schemas.PaymentSuccess)
		w.balances(490, 0, -500)
		if n := w.operator.count(schemas.OpPaymentDisburse); n != 1 {
			w.Errorf("sent %d times", n)
		}
	})
}

// After the hour nothing is sent, not even by a person's order.
func TestAResendAfterTheHourSendsNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		for age, want := range map[time.Duration]schemas.PaymentStatus{0: schemas.PaymentSuccess, limit: schemas.PaymentTimeout} {
			id := w.collect("RESENT-" + age.String())
			w.hold(id, payment.Collection)
			w.clock.Add(age)
			sent := w.operator.count(schemas.OpPaymentCollect)
			out, err := w.pipeline.Replay(w.Context(), w.env.ID, pipeline.HeldFilter{}, true, "tester")
			w.must(err)
			if len(out.Replayed) != 1 {
				t.Fatalf("replayed %+v", out)
			}
			w.next(id)
			w.want(id, want)
			if n := w.operator.count(schemas.OpPaymentCollect) - sent; (n == 1) != (want == schemas.PaymentSuccess) {
				t.Errorf("sent %d times", n)
			}
		}
	})
}
