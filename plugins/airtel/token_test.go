package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestATokenIsSharedUntilItsEndAndAskedForAnewOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tokens := func() int64 { return b.asked("token") }
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
	b.net.Pass(2*time.Minute - time.Second)
	b.find(t, schemas.OpPaymentCollect, reference)
	if n := tokens(); n != 1 {
		t.Fatalf("%d tokens before the first one's time", n)
	}
	b.net.Pass(2 * time.Second) // within the margin of its end, after 180 s
	b.find(t, schemas.OpPaymentCollect, reference)
	if n := tokens(); n != 2 {
		t.Fatalf("%d tokens after the first one's time", n)
	}
	b.airtel.Revoke()
	b.find(t, schemas.OpPaymentCollect, reference) // a question is asked again
	if n := tokens(); n != 3 {
		t.Fatalf("%d tokens after the second one was revoked", n)
	}
	b.airtel.Revoke()
	failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classUnavailable, "token_outdated") // money is not
	if failure.GetRetryAfterMillis() != 1000 {
		t.Errorf("retry after %d ms", failure.GetRetryAfterMillis())
	}
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if n := b.asked("payments"); n != 2 {
		t.Errorf("%d payments were sent", n)
	}
}

// TestProcessesShareTheOneTokenThatHolds has Airtel end a token with the next
// one: two processes with tokens of their own would end each other's.
func TestProcessesShareTheOneTokenThatHolds(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{OneToken: true}, simnet.Settings{})
	look := lookup(schemas.OpPaymentCollect, reference)
	update := b.Call(t, schemas.OpPaymentLookup, look).GetCredentialUpdate()
	if again := b.Call(t, schemas.OpPaymentLookup, look).GetCredentialUpdate(); again != nil || !b.Keep(update) {
		t.Fatalf("the first process gives its token as %v, then %v", update, again)
	}
	first := b.Client
	b.Client = b.process(t)
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Client = first
	b.find(t, schemas.OpPaymentCollect, reference)
	if n := b.asked("token"); n != 1 {
		t.Fatalf("%d tokens for two processes", n)
	}
	b.net.Pass(121 * time.Second)
	if !b.Keep(b.Call(t, schemas.OpPaymentLookup, look).GetCredentialUpdate()) || b.asked("token") != 2 {
		t.Fatalf("after its time: %d tokens, version %d", b.asked("token"), b.Version)
	}
	b.Set("clientSecret", "another one") // a token of the old settings proves nothing
	if failure := b.Check(t); failure.GetClass() != classUnauthorized {
		t.Errorf("check: %v", failure)
	}
	b.Set("clientSecret", b.us.ClientSecret)
	b.Set("oneToken", false)
	asked := b.asked("token")
	if answer := b.Call(t, schemas.OpPaymentLookup, look); answer.GetError() != nil || answer.GetCredentialUpdate() != nil || b.asked("token") != asked+1 {
		t.Errorf("each has its own: %v, %d tokens more", answer, b.asked("token")-asked)
	}
	b.Set("oneToken", nil)
	b.Credential = []byte(`{"token":7}`) // of no version of this connector
	if answer := b.Call(t, schemas.OpPaymentLookup, look); answer.GetError() != nil || answer.GetCredentialUpdate() == nil {
		t.Errorf("a credential that cannot be read: %v", answer)
	}
}

func TestWhatCannotBeHadFirstMeansThatNothingHappened(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"token", "encryption_keys"} {
		for _, kind := range []string{simnet.FaultStatus, simnet.FaultDrop, simnet.FaultHang} {
			b := setup(t)
			b.Set("timeout", "300ms") // which ends the wait, and nothing else
			b.net.Arm(t, simnet.Fault{Kind: kind, Operation: operation})
			if _, failure := b.Invoke(t, schemas.OpPaymentDisburse, payout()); failure.GetClass() != classUnavailable {
				t.Errorf("%s %s: %v", operation, kind, failure)
			}
			if n := b.asked("disbursements"); n != 0 {
				t.Errorf("%s %s: %d payouts were sent", operation, kind, n)
			}
		}
	}
}

// TestARefusalOnTheWayEndsNoPayment has Airtel refuse, as a bad request, what a
// payment has to ask for first.
func TestARefusalOnTheWayEndsNoPayment(t *testing.T) {
	t.Parallel()
	refuses := func(at string) string {
		return simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == at {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"error":"invalid_client"}`)
				return
			}
			fmt.Fprint(w, `{"access_token":"token-of-a-stranger"}`)
		})
	}
	b := setup(t)
	b.Set("baseUrl", refuses("/auth/oauth2/token"))
	b.WantError(t, schemas.OpPaymentCollect, payment(), classUnauthorized, "keys_refused")
	b.Set("baseUrl", refuses("/v1/rsa/encryption-keys"))
	b.WantError(t, schemas.OpPaymentDisburse, payout(), classMisconfigured, "key_refused")
}
