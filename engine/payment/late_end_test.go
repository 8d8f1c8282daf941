package payment_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// late is a payment of a type that has succeeded after it was given up.
func (w *world) late(kind payment.Type) domain.PaymentID {
	w.Helper()
	id := w.timedOut(kind)
	w.succeedLate(id)
	return id
}

// refundLate gives a late collection back; acceptLate takes a late success.
func (w *world) refundLate(id domain.PaymentID) (domain.PaymentID, error) {
	return w.accept(func(ctx context.Context) (domain.Draft, error) {
		return w.payments.RefundLate(ctx, w.env.ID, id, "tester")
	})
}

func (w *world) acceptLate(id domain.PaymentID) error {
	_, err := w.accept(func(ctx context.Context) (domain.Draft, error) {
		return w.payments.AcceptLate(ctx, w.env.ID, id, "tester")
	})
	return err
}

func (w *world) lateEnd(id domain.PaymentID) string {
	w.Helper()
	r, err := w.payments.Record(w.Context(), w.env.ID, id)
	w.must(err)
	if r.LateAt == nil {
		w.Errorf("%s is not late", id)
	}
	if r.LateEnd == nil {
		return ""
	}
	return *r.LateEnd
}

func TestALateCollectionIsGivenBackOutOfSuspenseOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.late(payment.Collection)
		w.paid("FLOAT")
		w.balances(990, 1000, -2000)
		made := map[domain.PaymentID]bool{}
		together(callers, func(int) {
			back, err := w.refundLate(id)
			w.mu.Lock()
			defer w.mu.Unlock()
			if err == nil {
				made[back] = true
			} else if code(err) != "late_ended" {
				t.Error(err)
			}
		})
		if len(made) != 1 {
			t.Fatalf("given back by %v", made)
		}
		for back := range made {
			if got := w.lateEnd(id); got != string(back) {
				t.Errorf("given back by %q", got)
			}
			w.walk(back)
			if p := w.get(back); p.Status != schemas.PaymentSuccess || p.Amount != 1000 || *p.Parent != string(id) {
				t.Errorf("given back as %+v", p)
			}
			if n := w.heard(schemas.EventPaymentRefunded, back); n != 1 {
				t.Errorf("told %d times", n)
			}
		}
		w.balances(990, 0, -1000)
		if err := w.acceptLate(id); code(err) != "late_ended" {
			t.Errorf("accepted after it was given back: %v", err)
		}
	})
}

// A refund that failed leaves the money in suspense, where it waits for another
// decision.
func TestAFailedRefundOfALateCollectionMayBeTriedAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.late(payment.Collection)
		w.operator.script(schemas.OpPaymentRefund, says(schemas.PaymentAccountBlocked))
		back, err := w.refundLate(id)
		w.must(err)
		w.walk(back)
		w.want(back, schemas.PaymentAccountBlocked)
		w.balances(0, 1000, -1000)
		if got := w.lateEnd(id); got != "" {
			t.Errorf("ended by %s", got)
		}
		w.must(w.acceptLate(id))
		w.balances(990, 0, -1000)
		if got := w.lateEnd(id); got != payment.LateAccepted {
			t.Errorf("ended by %q", got)
		}
		if _, err := w.refundLate(id); code(err) != "late_ended" {
			t.Errorf("given back after it was accepted: %v", err)
		}
	})
}

// The refund itself may succeed late: then the collection was given back after
// all, and nobody can do it again.
func TestALateRefundOfALateCollectionGivesItBack(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.late(payment.Collection)
		w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupNotFound))
		w.operator.script(schemas.OpPaymentRefund, says(schemas.PaymentPending))
		back, err := w.refundLate(id)
		w.must(err)
		w.walk(back)
		w.until(back, 2*limit)
		w.want(back, schemas.PaymentTimeout)
		if got := w.lateEnd(id); got != "" {
			t.Errorf("ended by %s", got)
		}
		w.succeedLate(back)
		w.balances(0, 0, 0)
		if parent, own := w.lateEnd(id), w.lateEnd(back); parent != string(back) || own != payment.LateAccepted {
			t.Errorf("ended by %q and %q", parent, own)
		}
		if _, err := w.refundLate(id); code(err) != "late_ended" {
			t.Errorf("given back again: %v", err)
		}
	})
}

// Where another refund has given the money back by then, the late one is a payout
// too many, and a person decides.
func TestASecondRefundOfALateCollectionWaitsForAPerson(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.late(payment.Collection)
		w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupNotFound))
		w.operator.script(schemas.OpPaymentRefund, says(schemas.PaymentPending))
		first, err := w.refundLate(id)
		w.must(err)
		w.walk(first)
		w.until(first, 2*limit)
		second, err := w.refundLate(id)
		w.must(err)
		w.walk(second)
		w.want(second, schemas.PaymentSuccess)
		w.succeedLate(first)
		w.balances(0, -1000, 1000)
		for i := range 2 {
			w.paid(fmt.Sprint("FLOAT-", i))
		}
		w.must(w.acceptLate(first))
		w.balances(980, 0, -1000)
	})
}

func TestALatePayoutIsBookedAgainstTheFloat(t *testing.T) {
	for _, kind := range []payment.Type{payment.Refund, payment.Disbursement} {
		t.Run(string(kind), func(t *testing.T) {
			onBoth(t, func(w *world) {
				id := w.late(kind)
				w.balances(990, -500, -500)
				if _, err := w.refundLate(id); code(err) != "late_payout" {
					t.Errorf("given back: %v", err)
				}
				in := request("ALL")
				in.Amount = 900
				all, err := w.tryDisburse(in)
				w.must(err)
				w.walk(all)
				if err := w.acceptLate(id); code(err) != "float_too_low" {
					t.Errorf("accepted without float: %v", err)
				}
				w.paid("MORE")
				results := make([]string, callers)
				together(callers, func(i int) { results[i] = code(w.acceptLate(id)) })
				done := 0
				for _, r := range results {
					if r == "<nil>" {
						done++
					} else if r != "late_ended" {
						t.Error(r)
					}
				}
				if done != 1 {
					t.Errorf("accepted %d times", done)
				}
				w.balances(990-900+990-500, 0, -1000-1000+500+900)
			})
		})
	}
}

// What a late refund gave back counts at once, whatever its status.
func TestALateRefundLeavesLessToRefund(t *testing.T) {
	onBoth(t, func(w *world) {
		id := w.late(payment.Refund)
		of := domain.PaymentID(*w.get(id).Parent)
		if _, err := w.tryRefund(of, payment.RefundRequest{Amount: 501}); code(err) != "exceeds_refundable" {
			t.Errorf("more than is left: %v", err)
		}
		if _, err := w.tryRefund(of, payment.RefundRequest{Amount: 400}); err != nil {
			t.Error(err)
		}
	})
}

func TestOnlyALateSuccessIsDecidedUpon(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, id := range []domain.PaymentID{w.paid("C-1"), w.collect("C-2"), w.timedOut(payment.Disbursement)} {
			if _, err := w.refundLate(id); code(err) != "not_late" {
				t.Errorf("given back: %v", err)
			}
			if err := w.acceptLate(id); code(err) != "not_late" {
				t.Errorf("accepted: %v", err)
			}
		}
	})
}
