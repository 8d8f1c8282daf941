package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// impatient is a time-out that a token is fetched within, on a busy machine too.
const impatient = "1s"

func TestAUsedReferenceIsADoubtThatALookupSettles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "reference_used")
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundPending {
		t.Errorf("%+v", found)
	}
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
	b.WantError(t, schemas.OpPaymentDisburse, payout(), classUnknown, "reference_used")
	if seen, _ := b.net.Reference("airtel", payoutRef); seen.Credits != 1 {
		t.Errorf("under the reference: %+v", seen)
	}
}

// TestALostAnswerIsADoubtSentOnceAndFound runs with and without Airtel's guard
// against used references: either way the payer pays once.
func TestALostAnswerIsADoubtSentOnceAndFound(t *testing.T) {
	t.Parallel()
	for _, guard := range []bool{true, false} {
		for _, kind := range []string{simnet.FaultLost, simnet.FaultSilent, simnet.FaultStatusAfter} {
			for operation, in := range map[string]schemas.PaymentInput{schemas.OpPaymentCollect: payment(), schemas.OpPaymentDisburse: payout()} {
				t.Run(fmt.Sprint(kind, " ", operation, " ", guard), func(t *testing.T) {
					t.Parallel()
					b := setupAs(t, simulator.Settings{}, simnet.Settings{NoDuplicateGuard: !guard, NoWait: true})
					b.Set("encryptionKey", b.publicKey(t))
					if kind == simnet.FaultSilent {
						b.Set("timeout", impatient)
					}
					b.net.Arm(t, simnet.Fault{Kind: kind, Reference: in.OperatorReference, Status: 503, Times: 1})
					in.Scenario = "success"
					if _, failure := b.Invoke(t, operation, in); failure.GetClass() != classUnknown {
						t.Fatalf("%s: %v", operation, failure)
					}
					if found := b.find(t, operation, in.OperatorReference); found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess {
						t.Fatalf("%+v", found)
					}
					if seen, _ := b.net.Reference("airtel", in.OperatorReference); seen.Begins != 1 || seen.Debits+seen.Credits != 1 {
						t.Errorf("under the reference: %+v", seen)
					}
				})
			}
		}
	}
}

// TestALostRefundIsForAPerson has the money go back and the answer be lost:
// nothing can be asked, so nothing is claimed.
func TestALostRefundIsForAPerson(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{}, simnet.Settings{NoWait: true})
	in := payment()
	in.Scenario = "success"
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultLost, Operation: "refund"})
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 500), classUnknown, "no_answer")
	if found := b.find(t, schemas.OpPaymentRefund, refundRef); found.Result != schemas.LookupCannotTell {
		t.Errorf("%+v", found)
	}
	if c := b.net.Counters(); c.Credits != 1 {
		t.Errorf("%d credits", c.Credits)
	}
}

func TestFailuresAreClassedByWhetherMoneyMayHaveMoved(t *testing.T) {
	t.Parallel()
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
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if c.fault.Kind == simnet.FaultHang {
				b.Set("timeout", impatient)
			}
			for _, operation := range []string{"payments", "payments_status"} {
				c.fault.Operation = operation
				b.net.Arm(t, c.fault)
			}
			_, pay := b.Invoke(t, schemas.OpPaymentCollect, payment())
			_, read := b.Invoke(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference))
			if pay.GetClass() != c.pay || read.GetClass() != c.read {
				t.Errorf("collect %v, look-up %v", pay, read)
			}
			if want := int64(c.fault.RetryAfterSeconds) * 1000; pay.GetRetryAfterMillis() != want {
				t.Errorf("retry after %d ms, want %d", pay.GetRetryAfterMillis(), want)
			}
			if _, known := b.net.Find("airtel", reference); known {
				t.Error("Airtel took the order")
			}
		})
	}
}

func TestFaultsOfTheConfigurationEndNoPayment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		value   any
		class   connectorpb.Class
		code    string
	}{
		"secret":  {"clientSecret", "another", classUnauthorized, "keys_refused"},
		"client":  {"clientId", "another", classUnauthorized, "keys_refused"},
		"address": {"baseUrl", "/nowhere", classMisconfigured, "path_unknown"},
	} {
		b := setup(t)
		if name == "address" {
			c.value = b.url + "/nowhere"
		}
		b.Set(c.setting, c.value)
		b.WantError(t, schemas.OpPaymentCollect, payment(), c.class, c.code)
		b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference), c.class, c.code)
		if failure := b.Check(t); failure.GetClass() != c.class {
			t.Errorf("%s: check says %v", name, failure)
		}
	}
	for code, setting := range map[string]string{
		"DP00800001026": "messageSigning", "DP00900001018": "messageSigning",
		"ESB000034": "country", "ESB000035": "currency", "ESB000039": "country",
	} {
		for _, answer := range []string{
			`{"status":{"response_code":"%s","success":false}}`,
			`{"status":{"result_code":"%s","success":false}}`,
			`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"%s","success":true}}`,
		} {
			b := setup(t)
			b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, answer, code) }))
			failure := b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference), classMisconfigured, "setting_refused")
			if !strings.Contains(failure.GetMessage(), setting) || failure.GetVendorCode() != code {
				t.Errorf("%s: %v", code, failure)
			}
			b.WantError(t, schemas.OpPaymentCollect, payment(), classMisconfigured, "setting_refused")
		}
	}
}

func TestAnAnswerThatIsNotAirtelsProvesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		pay, read string
	}{
		{200, `<html>welcome</html>`, "answer_unreadable", "answer_unreadable"},
		{200, `{"result":1}`, "answer_unreadable", "answer_unreadable"},
		{200, `{"status":{"response_code":"DP00800009999","success":false}}`, "code_unknown", "code_unknown"},
		{200, `{"status":{"result_code":"ESB000011","success":false}}`, "operator_unavailable", "operator_unavailable"},
		{200, `{"status":{"result_code":"ESB000014","success":false}}`, "operator_unavailable", "operator_unavailable"},
		{404, `<html>no such page</html>`, "answer_unreadable", "path_unknown"},
		{403, `<html>no</html>`, "answer_unreadable", "access_refused"},
		{302, ``, "redirected", "redirected"},
		{408, ``, "operator_unavailable", "operator_unavailable"},
	} {
		b := setup(t)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, c.pay)
		if _, failure := b.Invoke(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference)); failure.GetCode() != c.read {
			t.Errorf("%d %s: a look-up gives %v, want %s", c.status, c.body, failure, c.read)
		}
	}
}

// TestOnlyAirtelsWordsSayThatNothingIsThere reads answers to an enquiry that
// contradict themselves, too: what may have moved money is never "not found".
func TestOnlyAirtelsWordsSayThatNothingIsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   string // a result, or the code of an error
	}{
		{200, `{"status":{"response_code":"DP00800001025","success":false}}`, schemas.LookupNotFound},
		{404, `{"status":{"result_code":"ESB000045","success":false}}`, schemas.LookupNotFound},
		{200, `{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800001025"}}`, schemas.LookupNotFound},
		{200, `{"data":{"transaction":{"status":"TIP"}},"status":{"response_code":"DP00800001025"}}`, schemas.LookupFoundPending},
		{200, `{"data":{"transaction":{"status":"TS"}},"status":{"response_code":"DP00800001025"}}`, schemas.LookupFoundFinal},
		{500, `{"status":{"response_code":"DP00800001025","success":false}}`, "operator_unavailable"},
		{404, `{"message":"not found"}`, "path_unknown"},
		{200, `{"status":{"response_code":"DP00800001001","success":true}}`, "answer_unreadable"}, // perhaps of the enquiry
	} {
		b := setup(t)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		got, failure := b.Invoke(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference))
		if failure.GetCode() != c.want && !strings.Contains(got, `"result":"`+c.want+`"`) {
			t.Errorf("%d %s: %s, %v; want %s", c.status, c.body, got, failure, c.want)
		}
	}
}

func TestNoAnswerQuotesASecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"status":{"result_code":"ESB000008","message":"%s of %s","success":false}}`, r.Header.Get("Authorization"), b.us.ClientSecret)
	}))
	failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classRejected, "refused_by_operator")
	said := failure.String()
	for _, secret := range []string{"token-of-a-stranger", b.us.ClientSecret} {
		if strings.Contains(said, secret) {
			t.Errorf("%s is in %s", secret, said)
		}
	}
}

func TestNothingStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.Client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.Wire(t), Operation: schemas.OpPaymentCollect, Key: "key-1", DeadlineUnixMicros: time.Now().Add(-time.Second).UnixMicro(),
		Parameters: []byte(`{"operatorReference":"` + reference + `","amount":500,"currency":"RWF","country":"RW","msisdn":"` + ada + `","reference":"ORDER-1"}`),
	})
	if err != nil || answer.GetError().GetClass() != classUnavailable {
		t.Fatalf("%v, %v", answer, err)
	}
	if _, known := b.net.Find("airtel", reference); known {
		t.Error("it was sent")
	}
}
