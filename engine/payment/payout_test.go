package payment_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

func TestRefundsTogetherGiveBackNoMoreThanIsLeft(t *testing.T) {
	onBoth(t, func(w *world) {
		of := w.paid("C-1")
		w.paid("FLOAT") // enough for two of them
		ids, codes := make([]domain.PaymentID, callers), make([]string, callers)
		together(callers, func(i int) {
			var err error
			if ids[i], err = w.tryRefund(of, payment.RefundRequest{Amount: 600, Reference: fmt.Sprint("R-", i)}); err != nil {
				codes[i] = code(err)
			}
		})
		ids = slices.DeleteFunc(ids, func(id domain.PaymentID) bool { return id == "" })
		codes = slices.DeleteFunc(codes, func(c string) bool { return c == "exceeds_refundable" })
		if len(ids) != 1 || slices.Compact(slices.Sorted(slices.Values(codes)))[0] != "" {
			t.Fatalf("let through %v, refused by %v", ids, codes)
		}
		w.operator.script(schemas.OpPaymentRefund, says(schemas.PaymentAccountBlocked))
		w.walk(ids[0])
		w.want(ids[0], schemas.PaymentAccountBlocked)
		again, err := w.tryRefund(of, payment.RefundRequest{Amount: 600, Reference: "AGAIN"}) // it gave its amount back
		w.must(err)
		if _, err := w.tryRefund(of, payment.RefundRequest{Amount: 401, Reference: "MORE"}); code(err) != "exceeds_refundable" {
			t.Errorf("more than is left: %v", err)
		}
		w.walk(again)
		rest, err := w.tryRefund(of, payment.RefundRequest{Reference: "REST"})
		w.must(err)
		w.walk(rest)
		if p := w.get(rest); p.Amount != 400 || p.Status != schemas.PaymentSuccess {
			t.Errorf("the rest is %+v", p)
		}
		if _, err := w.tryRefund(of, payment.RefundRequest{}); code(err) != "exceeds_refundable" {
			t.Errorf("nothing is left: %v", err)
		}
		w.balances(2*990-1000, 0, -1000)
	})
}

func TestPayoutsTogetherNeverOverdrawTheFloat(t *testing.T) {
	onBoth(t, func(w *world) {
		for i := range 3 {
			w.paid(fmt.Sprint("FLOAT-", i)) // 2,970
		}
		ids := make([]domain.PaymentID, callers)
		together(callers, func(i int) {
			in := request(fmt.Sprint("D-", i))
			in.Amount = 400
			var err error
			if ids[i], err = w.tryDisburse(in); err != nil {
				t.Error(err)
			}
		})
		sent := 0
		for _, id := range ids {
			if w.get(id).Status == schemas.PaymentInsufficientFunds {
				continue
			}
			sent++
			w.walk(id)
			w.want(id, schemas.PaymentSuccess)
		}
		if sent != 7 {
			t.Errorf("%d were sent, want 7", sent)
		}
		w.balances(2970-7*400, 0, -3000+7*400)
		if n := w.operator.count(schemas.OpPaymentDisburse); n != sent {
			t.Errorf("the operator was asked %d times", n)
		}
	})
}
