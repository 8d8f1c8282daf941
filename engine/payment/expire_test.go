package payment_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// limit is the age at which a payment ends that the operator does not know.
const limit = time.Hour

// expire looks for old payments until it has seen all.
func (w *world) expire() {
	w.Helper()
	for {
		more, err := w.payments.Expire(w.Context())
		if w.must(err); !more {
			return
		}
	}
}

func TestAnHourEndsOnlyWhatTheOperatorDoesNotKnow(t *testing.T) {
	for name, c := range map[string]struct {
		looks answer
		want  schemas.PaymentStatus
		held  string
	}{
		"found final":   {found(schemas.PaymentSuccess), schemas.PaymentSuccess, ""},
		"found pending": {looked(domain.LookupFoundPending), schemas.PaymentPending, ""},
		"not found":     {looked(domain.LookupNotFound), schemas.PaymentTimeout, ""},
		"cannot tell":   {looked(domain.LookupCannotTell), schemas.PaymentPending, "cannot_tell"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.pending(payment.Disbursement)
				w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupFoundPending))
				w.until(id, limit)
				w.operator.always(schemas.OpPaymentLookup, c.looks)
				w.expire() // it may be at the operator: the look-ups' turn
				w.want(id, schemas.PaymentPending)
				w.until(id, 10*time.Minute)
				w.want(id, c.want)
				if c.held != "" {
					w.wantHeld(id, c.held)
				}
				switch c.want {
				case schemas.PaymentSuccess:
					w.balances(490, 0, -500)
				case schemas.PaymentTimeout:
					w.balances(990, 0, -1000)
				default:
					w.expire()
					w.want(id, schemas.PaymentPending)
					w.balances(490, 500, -1000)
				}
				if n := w.operator.count(schemas.OpPaymentDisburse); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		})
	}
}

func TestWhatWasNeverSentTimesOut(t *testing.T) {
	for name, c := range map[string]struct {
		first answer // of the operator's reference
		gate  bool   // closed before the payment was made
	}{
		"unavailable":   {first: fails(domain.ClassUnavailable)},
		"paused":        {first: fails(domain.ClassUnauthorized)},
		"a closed gate": {gate: true},
		"held":          {first: fails(domain.ClassInternal)},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.make(payment.Disbursement)
				if c.gate {
					w.must(w.store.CloseGate(w.Context(), store.Gate{Key: string(connection), ClosedUntil: w.clock.Now().Add(24 * time.Hour), Reason: "test"}))
				} else {
					w.operator.always(schemas.OpPaymentPrepare, c.first)
				}
				for range 20 {
					w.walk(id)
					w.clock.Add(time.Minute)
				}
				w.expire()
				w.want(id, schemas.PaymentPending)
				if name == "held" {
					w.wantHeld(id, "attempts_exhausted")
				}
				w.clock.Add(limit)
				w.expire()
				w.want(id, schemas.PaymentTimeout)
				w.balances(990, 0, -1000)
				if n := w.operator.count(schemas.OpPaymentDisburse); n != 0 {
					t.Errorf("sent %d times", n)
				}
				if w.walk(id) || w.heard(schemas.EventDisbursementCompleted, id) != 1 {
					t.Error("it lives on")
				}
			})
		})
	}
}

// An attempt that was answered with "not now" is over; the worker that comes to it
// late ends the payment and does not send it.
func TestAWorkerSendsNothingAfterTheHour(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.collect("C-1")
		w.operator.script(schemas.OpPaymentCollect, fails(domain.ClassUnavailable))
		w.walk(id)
		w.clock.Add(limit)
		w.walk(id)
		w.want(id, schemas.PaymentTimeout)
		if n := w.operator.count(schemas.OpPaymentCollect); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// The sweep goes on over more payments than one look takes.
func TestTheSweepComesToAllOldPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite)
	sent := w.pending(payment.Collection)
	const n = 250
	for i := range n {
		w.collect(fmt.Sprint("OLD-", i))
	}
	w.clock.Add(limit)
	fresh := w.collect("FRESH")
	w.expire()
	w.want(sent, schemas.PaymentPending)
	w.want(fresh, schemas.PaymentPending)
	if got := w.text(`SELECT CAST(COUNT(*) AS TEXT) FROM payment WHERE status = 'TIMEOUT'`); got != fmt.Sprint(n) {
		t.Errorf("%s of %d ended", got, n)
	}
}

// One of a confirmation and the expiry wins, and the ledger has one end.
func TestConfirmationAndExpiryHaveOneWinner(t *testing.T) {
	onBoth(t, func(w *world) {
		ids := make([]domain.PaymentID, callers)
		for i := range ids {
			ids[i] = w.collect(fmt.Sprint("RACE-", i))
		}
		w.clock.Add(limit - time.Second)
		var arrived sync.WaitGroup
		arrived.Add(callers)
		over := make(chan struct{})
		w.operator.always(schemas.OpPaymentPrepare, then(func() { arrived.Done(); <-over }, prepares))
		runs := make([]*pipeline.Run, callers)
		for i, id := range ids {
			runs[i] = w.claim("node_1", w.message(id))
		}
		together(callers+1, func(i int) {
			if i < callers {
				w.pipeline.Walk(w.Context(), runs[i])
				return
			}
			arrived.Wait()
			w.clock.Add(time.Second)
			close(over)
			w.expire()
		})
		var succeeded int64
		for _, id := range ids {
			p := w.get(id)
			if p.Status == schemas.PaymentSuccess {
				succeeded++
			} else if p.Status != schemas.PaymentTimeout {
				w.Errorf("%s is %s", id, p.Status)
			}
			if n := w.heard(schemas.EventPaymentCompleted, id); n != 1 {
				w.Errorf("%s told %d times", id, n)
			}
		}
		w.balances(990*succeeded, 0, -1000*succeeded)
		if n := w.operator.count(schemas.OpPaymentCollect); int64(n) != succeeded {
			w.Errorf("%d succeeded of %d that were sent", succeeded, n)
		}
	})
}
