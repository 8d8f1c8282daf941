package main

import (
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// TestAnAnswerOfRESTWaitsForThePayer answers the prompt while the call is open.
func TestAnAnswerOfRESTWaitsForThePayer(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]schemas.PaymentStatus{
		simnet.Approve: schemas.PaymentSuccess, simnet.Refuse: schemas.PaymentUserCancelled, simnet.WrongPIN: schemas.PaymentPINInvalid,
	} {
		b := setupAs(t, dialectREST, simulator.Settings{}, simnet.Settings{})
		if failure := b.Check(t); failure != nil {
			t.Fatal(failure)
		}
		done := make(chan error, 1)
		go func() {
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for len(b.net.Prompts(simnet.Filter{})) == 0 {
				<-tick.C
			}
			_, err := b.net.Answer("moov", reference, answer, "")
			done <- err
		}()
		ended := b.Pay(t, schemas.OpPaymentCollect, payment(), want)
		if err := <-done; err != nil || ended.ProviderTxID == "" {
			t.Errorf("%s: %+v, %v", answer, ended, err)
		}
	}
}

func TestWhatRESTCannotDoIsSaid(t *testing.T) {
	t.Parallel()
	b := setupAs(t, dialectREST, simulator.Settings{WaitMillis: 1}, simnet.Settings{})
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	failure := b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect), classUnsupported, "no_status_call")
	if !strings.Contains(failure.GetMessage(), "rest") {
		t.Errorf("it says %q", failure.GetMessage())
	}
	if n := b.net.Counters().Requests; n["moov.transfer"] != 1 || len(n) != 1 {
		t.Errorf("asked: %v", n)
	}
}
