package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// payCall is the stand-in's name of the call that moves money, statusCall of the
// one that asks.
func payCall(dialect string) string {
	return map[string]string{webpay: "webpayment", core: "pay"}[dialect]
}

func statusCall(dialect string) string {
	return map[string]string{webpay: "transactionstatus", core: "paymentstatus"}[dialect]
}

func TestAUsedReferenceIsADoubt(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.collect(t, payment())
		b.State = nil // another message, under the same reference
		b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "reference_used")
		// The pay token of core's second try was never used: nobody can tell.
		if found := b.find(t); found.Result != schemas.LookupCannotTell {
			t.Errorf("%s: %+v", dialect, found)
		}
	}
}

// TestALostAnswerIsADoubtSentOnce runs with and without a guard against used
// references: either way the payer pays once. Core finds the payment again, by
// the pay token that was kept before; with webpay the token was in the answer
// that was lost, and a person decides.
func TestALostAnswerIsADoubtSentOnce(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for _, guard := range []bool{true, false} {
			for _, kind := range []string{simnet.FaultLost, simnet.FaultSilent, simnet.FaultStatusAfter} {
				t.Run(fmt.Sprint(dialect, " ", kind, " ", guard), func(t *testing.T) {
					t.Parallel()
					b := setupAs(t, dialect, simulator.Settings{}, simnet.Settings{NoDuplicateGuard: !guard, NoWait: true})
					b.Set("timeout", "1s")
					b.net.Arm(t, simnet.Fault{Kind: kind, Operation: payCall(dialect), Status: 503})
					if _, failure := b.Invoke(t, schemas.OpPaymentCollect, played("success")); failure.GetClass() != classUnknown {
						t.Fatalf("collect: %v", failure)
					}
					b.Client = b.another(t) // a look-up comes from any process
					found, want := b.find(t), schemas.LookupFoundFinal
					if dialect == webpay {
						want = schemas.LookupCannotTell
					}
					if found.Result != want {
						t.Fatalf("%+v, want %s", found, want)
					}
					if seen, _ := b.net.Reference("orange", reference); seen.Begins != 1 || seen.Debits != 1 {
						t.Errorf("under the reference: %+v", seen)
					}
				})
			}
		}
	}
}

func TestFailuresAreClassedByWhetherMoneyMayHaveMoved(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for _, c := range []struct {
			name      string
			fault     simnet.Fault
			pay, read connectorpb.Class
		}{
			{"500", simnet.Fault{Kind: simnet.FaultStatus, Status: 500}, classUnknown, classUnavailable},
			{"503", simnet.Fault{Kind: simnet.FaultStatus, Status: 503}, classUnknown, classUnavailable},
			{"429", simnet.Fault{Kind: simnet.FaultStatus, Status: 429, RetryAfterSeconds: 7}, classRateLimited, classRateLimited},
			{"403", simnet.Fault{Kind: simnet.FaultStatus, Status: 403}, classMisconfigured, classMisconfigured},
			{"connection broken", simnet.Fault{Kind: simnet.FaultDrop}, classUnknown, classUnavailable},
			{"no answer", simnet.Fault{Kind: simnet.FaultHang}, classUnknown, classUnavailable},
		} {
			t.Run(dialect+" "+c.name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, dialect)
				b.Set("timeout", "1s")
				for _, operation := range []string{payCall(dialect), statusCall(dialect)} {
					c.fault.Operation = operation
					b.net.Arm(t, c.fault)
				}
				_, pay := b.Invoke(t, schemas.OpPaymentCollect, payment())
				look := lookup(reference)
				look.ProviderTxID = "ORANGE_SIM_X"
				_, read := b.Invoke(t, schemas.OpPaymentLookup, look)
				if pay.GetClass() != c.pay || read.GetClass() != c.read {
					t.Errorf("collect %v, look-up %v", pay, read)
				}
				if want := int64(c.fault.RetryAfterSeconds) * 1000; pay.GetRetryAfterMillis() != want {
					t.Errorf("retry after %d ms, want %d", pay.GetRetryAfterMillis(), want)
				}
				if _, known := b.net.Find("orange", reference); known {
					t.Error("Orange took the order")
				}
			})
		}
	}
}

func TestWhatComesBeforeThePaymentMeansThatNothingHappened(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dialect, call string }{{webpay, "token"}, {core, "token"}, {core, "init"}} {
		for _, kind := range []string{simnet.FaultStatus, simnet.FaultDrop, simnet.FaultHang} {
			b := setup(t, c.dialect)
			b.Set("timeout", "1s")
			b.net.Arm(t, simnet.Fault{Kind: kind, Operation: c.call})
			if _, failure := b.Invoke(t, schemas.OpPaymentCollect, payment()); failure.GetClass() != classUnavailable {
				t.Errorf("%s of %s: %v", kind, c.call, failure)
			}
			if n := b.net.Counters().Requests["orange."+payCall(c.dialect)]; n != 0 {
				t.Errorf("%s of %s: %d payments were sent", kind, c.call, n)
			}
		}
	}
}

func TestAnAnswerThatIsNotOrangesProvesNothing(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for _, c := range []struct {
			status    int
			body      string
			pay, read string
		}{
			{200, `<html>welcome</html>`, "answer_unreadable", "answer_unreadable"},
			{201, `{"result":1}`, "answer_unreadable", "answer_unreadable"},
			{404, `<html>no such page</html>`, "answer_unreadable", "path_unknown"},
			{403, `<html>no</html>`, "answer_unreadable", "not_allowed"},
			{302, ``, "redirected", "redirected"},
			{408, ``, "operator_unavailable", "operator_unavailable"},
		} {
			b := setup(t, dialect)
			b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, c.pay)
			look := lookup(reference)
			look.ProviderTxID = "MP1"
			if _, failure := b.Invoke(t, schemas.OpPaymentLookup, look); failure.GetCode() != c.read {
				t.Errorf("%s, %d %s: a look-up gives %v, want %s", dialect, c.status, c.body, failure, c.read)
			}
		}
	}
}

func TestAPageWithoutAnAddressIsADoubt(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		`{"status":201,"message":"OK","pay_token":"t","notif_token":"n"}`, `{"payment_url":"https://pay.example/"}`,
		`{"pay_token":"t","payment_url":"javascript:alert(1)"}`,
	} {
		b := setup(t, webpay)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, said)
		}))
		b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "answer_unreadable")
	}
}

func TestNothingStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		parameters, err := json.Marshal(payment())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := b.Client.Invoke(t.Context(), &connectorpb.InvokeRequest{
			Connection: b.Wire(t), Operation: schemas.OpPaymentCollect, Key: "key-1", DeadlineUnixMicros: time.Now().Add(-time.Second).UnixMicro(),
			Parameters: parameters,
		})
		if err != nil || answer.GetError().GetClass() != classUnavailable {
			t.Fatalf("%v, %v", answer, err)
		}
		if _, known := b.net.Find("orange", reference); known {
			t.Error("it was sent")
		}
	}
}
