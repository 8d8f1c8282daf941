package payment_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/schemas"
)

// What the operator has taken is never sent again, whatever it says later.
func TestAnAcceptedEffectIsNeverSentAgain(t *testing.T) {
	for _, kind := range []payment.Type{payment.Collection, payment.Refund, payment.Disbursement} {
		t.Run(string(kind), func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.pending(kind) // look-ups find nothing from now on
				w.until(id, 50*time.Minute)
				w.want(id, schemas.PaymentPending)
				if sent, asked := w.operator.count(operationOf(kind)), w.operator.count(schemas.OpPaymentLookup); sent != 1 || asked < 2 {
					t.Errorf("sent %d, looked up %d times", sent, asked)
				}
				w.operator.always(schemas.OpPaymentLookup, found(schemas.PaymentSuccess))
				w.next(id)
				w.want(id, schemas.PaymentSuccess)
			})
		})
	}
}

// A look-up that finds it pending counts as much as the answer to the effect.
func TestALookUpThatFindsItPendingAcceptsIt(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.collect("C-1")
		w.operator.script(schemas.OpPaymentCollect, fails(domain.ClassUnknownOutcome))
		w.operator.script(schemas.OpPaymentLookup, looked(domain.LookupFoundPending))
		w.walk(id)
		w.until(id, 50*time.Minute)
		w.want(id, schemas.PaymentPending)
		if n := w.operator.count(schemas.OpPaymentCollect); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestADoubtThatTheOperatorDoesNotKnowIsSentAgainUnderItsKey(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.collect("C-1")
		w.operator.script(schemas.OpPaymentCollect, fails(domain.ClassUnknownOutcome))
		w.walk(id)
		w.until(id, 10*time.Minute)
		w.want(id, schemas.PaymentSuccess)
		sent, asked, keys := w.operator.count(schemas.OpPaymentCollect), w.operator.count(schemas.OpPaymentLookup), w.operator.distinct(schemas.OpPaymentCollect)
		if sent != 2 || asked < 2 || keys != 1 {
			t.Errorf("sent %d times under %d keys after %d look-ups", sent, keys, asked)
		}
		w.balances(990, 0, -1000)
	})
}

func TestADoubtOfAnUnkeyedEffectIsHeld(t *testing.T) {
	onBoth(t, func(w *world) {
		w.operator.unkeyed()
		id := w.collect("C-1")
		w.operator.script(schemas.OpPaymentCollect, fails(domain.ClassUnknownOutcome))
		w.walk(id)
		w.until(id, 10*time.Minute)
		w.wantHeld(id, "not_found_unkeyed")
		if n := w.operator.count(schemas.OpPaymentCollect); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// overtaken lets another worker take the payment while the operator thinks.
func (w *world) overtaken(id domain.PaymentID, a answer, second func(*pipeline.Run)) answer {
	return then(func() {
		w.clock.Add(10 * time.Minute)
		second(w.claim("node_2", w.message(id)))
	}, a)
}

func TestAnAnswerThatCameTooLateIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		late    schemas.PaymentStatus
		want    schemas.PaymentStatus
		lookups int
	}{
		"final":   {schemas.PaymentUserCancelled, schemas.PaymentUserCancelled, 0},
		"pending": {schemas.PaymentPending, schemas.PaymentPending, 2},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.collect("C-1")
				w.operator.script(schemas.OpPaymentCollect, w.overtaken(id, says(c.late), func(*pipeline.Run) {}))
				w.walk(id)
				w.want(id, schemas.PaymentPending)
				w.clock.Add(10 * time.Minute) // the second worker died
				w.walk(id)
				w.until(id, 10*time.Minute)
				w.want(id, c.want)
				if sent, asked := w.operator.count(schemas.OpPaymentCollect), w.operator.count(schemas.OpPaymentLookup); sent != 1 || asked < c.lookups {
					t.Errorf("sent %d, looked up %d times", sent, asked)
				}
			})
		})
	}
}

// A pending answer that came too late is no end: another's transaction under the
// reference still refuses the payment, and a person may still close it.
func TestALatePendingAnswerIsNoEnd(t *testing.T) {
	onBoth(t, func(w *world) {
		different := result(schemas.PaymentLookupOutput{
			Result: string(domain.LookupDifferent), Differences: []schemas.Difference{{Field: "amount", Expected: "1000", Found: "1"}},
		})
		for reference, c := range map[string]struct {
			look  answer
			close func(domain.PaymentID)
			want  schemas.PaymentStatus
		}{
			"different": {different, func(domain.PaymentID) {}, schemas.PaymentDuplicateReference},
			"held": {looked(domain.LookupCannotTell), func(id domain.PaymentID) {
				w.wantHeld(id, "cannot_tell")
				w.must(w.resolve(id, domain.EndCompleted))
			}, schemas.PaymentSuccess},
		} {
			id := w.collect(reference)
			w.operator.script(schemas.OpPaymentCollect, w.overtaken(id, says(schemas.PaymentPending), func(*pipeline.Run) {}))
			w.walk(id)
			w.operator.always(schemas.OpPaymentLookup, c.look)
			w.clock.Add(10 * time.Minute)
			w.walk(id)
			w.until(id, 10*time.Minute)
			c.close(id)
			w.want(id, c.want)
		}
	})
}
