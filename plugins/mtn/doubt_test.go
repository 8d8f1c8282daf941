package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestAUsedReferenceIsADoubtThatALookupSettles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "reference_used")
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundPending {
		t.Errorf("%+v", found)
	}
}

// TestALostAnswerIsADoubtSentOnceAndFound runs with and without MTN's guard
// against used references: either way the payer pays once.
func TestALostAnswerIsADoubtSentOnceAndFound(t *testing.T) {
	t.Parallel()
	for _, guard := range []bool{true, false} {
		for _, kind := range []string{simnet.FaultLost, simnet.FaultSilent, simnet.FaultStatusAfter} {
			t.Run(fmt.Sprint(kind, " ", guard), func(t *testing.T) {
				t.Parallel()
				b := setupAs(t, simulator.Settings{}, simnet.Settings{NoDuplicateGuard: !guard, NoWait: true})
				b.Set("timeout", "2s")
				b.net.Arm(t, simnet.Fault{Kind: kind, Operation: "requesttopay", Status: 503})
				in := payment()
				in.Scenario = "success"
				if _, failure := b.Invoke(t, schemas.OpPaymentCollect, in); failure.GetClass() != classUnknown {
					t.Fatalf("collect: %v", failure)
				}
				if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess {
					t.Fatalf("%+v", found)
				}
				if seen, _ := b.net.Reference("mtn", reference); seen.Begins != 1 || seen.Debits != 1 {
					t.Errorf("under the reference: %+v", seen)
				}
			})
		}
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
			b.Set("timeout", "2s")
			for _, operation := range []string{"requesttopay", "requesttopay_status"} {
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
			if _, known := b.net.Find("mtn", reference); known {
				t.Error("MTN took the order")
			}
		})
	}
}

func TestATokenThatCannotBeHadMeansThatNothingHappened(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{simnet.FaultStatus, simnet.FaultDrop, simnet.FaultHang} {
		b := setup(t)
		b.Set("timeout", "2s")
		b.net.Arm(t, simnet.Fault{Kind: kind, Operation: "token"})
		if _, failure := b.Invoke(t, schemas.OpPaymentCollect, payment()); failure.GetClass() != classUnavailable {
			t.Errorf("%s: %v", kind, failure)
		}
		if n := b.net.Counters().Requests["mtn.requesttopay"]; n != 0 {
			t.Errorf("%s: %d payments were sent", kind, n)
		}
	}
}

func TestATokenIsSharedUntilItsEndAndAskedForAnewOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tokens := func() int64 { return b.net.Counters().Requests["mtn.token"] }
	errs := make(chan *connectorpb.Error, 32)
	for range cap(errs) {
		go func() {
			_, failure := b.Invoke(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference))
			errs <- failure
		}()
	}
	for range cap(errs) {
		if failure := <-errs; failure != nil {
			t.Fatal(failure)
		}
	}
	if n := tokens(); n != 1 {
		t.Fatalf("%d tokens for 32 calls at one time", n)
	}
	b.net.Pass(59*time.Minute + time.Second) // within the margin of its end
	b.find(t, schemas.OpPaymentCollect, reference)
	if n := tokens(); n != 2 {
		t.Fatalf("%d tokens after the first one's time", n)
	}
	b.mtn.Revoke()
	b.find(t, schemas.OpPaymentCollect, reference) // a question is asked again
	if n := tokens(); n != 3 {
		t.Fatalf("%d tokens after the second one was revoked", n)
	}
	b.mtn.Revoke()
	failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classUnavailable, "token_outdated") // money is not
	if failure.GetRetryAfterMillis() != 1000 {
		t.Errorf("retry after %d ms", failure.GetRetryAfterMillis())
	}
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	if n := b.net.Counters().Requests["mtn.requesttopay"]; n != 2 {
		t.Errorf("%d payments were sent", n)
	}
}

func TestFaultsOfTheConfigurationEndNoPayment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		value   any
		class   connectorpb.Class
		code    string
		field   string
	}{
		"key":         {"apiKey", "another", classUnauthorized, "keys_refused", ""},
		"product key": {"collectionKey", "another", classUnauthorized, "keys_refused", ""},
		"environment": {"targetEnvironment", "mtnghana", classMisconfigured, "setting_refused", "targetEnvironment"},
		"address":     {"baseUrl", "/nowhere", classMisconfigured, "path_unknown", ""},
	} {
		b := setup(t)
		if name == "address" {
			c.value = b.url + "/nowhere"
		}
		b.Set(c.setting, c.value)
		failure := b.WantError(t, schemas.OpPaymentCollect, payment(), c.class, c.code)
		if !strings.Contains(failure.GetMessage(), c.field) {
			t.Errorf("%s: %v", name, failure)
		}
		b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect, reference), c.class, c.code)
		if failure := b.Check(t); failure.GetClass() != c.class {
			t.Errorf("%s: check says %v", name, failure)
		}
	}
	b := setup(t)
	b.Settings["targetEnvironment"] = "sandbox"
	for i, number := range []string{"+46733123458", "+46733123459", "+46733123460"} { // MTN's own tests of it
		in := payment()
		in.OperatorReference, in.MSISDN = fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02d", i), number
		b.Want(t, schemas.OpPaymentCollect, in, pending)
		b.net.Pass(time.Second)
		look := lookup(schemas.OpPaymentCollect, in.OperatorReference)
		look.MSISDN = number
		failure := b.WantError(t, schemas.OpPaymentLookup, look, classMisconfigured, "setting_refused")
		if len(failure.GetFields()) != 1 || failure.GetVendorCode() == "" {
			t.Errorf("%s: %v", number, failure)
		}
	}
}

func TestAnAnswerThatIsNotMTNsProvesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		pay, read string
	}{
		{200, `<html>welcome</html>`, "answer_unreadable", "answer_unreadable"},
		{200, `{"status":"SUCCESSFUL"}`, "answer_unreadable", ""}, // MTN takes payments with 202
		{202, `<html>welcome</html>`, "answer_unreadable", "answer_unreadable"},
		{200, `{"result":1}`, "answer_unreadable", "answer_unreadable"},
		{404, `<html>no such page</html>`, "answer_unreadable", "path_unknown"},
		{403, `<html>no</html>`, "answer_unreadable", "address_refused"},
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

func TestNoAnswerQuotesASecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"code":"%s","message":"%s and %s"}`, r.Header.Get("Ocp-Apim-Subscription-Key"), r.Header.Get("Authorization"), r.Header.Get("Ocp-Apim-Subscription-Key"))
	}))
	failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classRejected, "refused_by_operator")
	said := failure.String()
	for _, secret := range []string{"token-of-a-stranger", b.Settings["collectionKey"].(string), b.Settings["apiKey"].(string)} {
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
		Parameters: []byte(`{"operatorReference":"` + reference + `","amount":500,"currency":"XOF","country":"CI","msisdn":"` + ada + `","reference":"ORDER-1"}`),
	})
	if err != nil || answer.GetError().GetClass() != classUnavailable {
		t.Fatalf("%v, %v", answer, err)
	}
	if _, known := b.net.Find("mtn", reference); known {
		t.Error("it was sent")
	}
}

// TestARefusedLoginEndsNoPayment has MTN refuse, as a bad request, the token that
// a payment has to ask for first.
func TestARefusedLoginEndsNoPayment(t *testing.T) {
	t.Parallel()
	server := simnettest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_client"}`)
	})
	b := setup(t)
	b.Set("baseUrl", server)
	b.WantError(t, schemas.OpPaymentCollect, payment(), classUnauthorized, "keys_refused")
}
