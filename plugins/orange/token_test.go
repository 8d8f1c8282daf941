package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestATokenIsSharedUntilItsEndAndAskedForAnewOnce(t *testing.T) {
	t.Parallel()
	for _, text := range []bool{false, true} {
		b := setupAs(t, webpay, simulator.Settings{ExpiresText: text}, simnet.Settings{})
		tokens := func() int64 { return b.net.Counters().Requests["orange.token"] }
		b.collect(t, payment())
		if b.Credential == nil || b.Version != 2 {
			t.Fatalf("the token was not shared: version %d, %s", b.Version, b.Credential)
		}
		for range 3 { // nodes that have not asked yet
			b.Client = b.another(t)
			b.find(t)
		}
		if n := tokens(); n != 1 {
			t.Fatalf("%d tokens for four nodes", n)
		}
		b.net.Pass(59*time.Minute + time.Second) // within the margin of its end
		b.find(t)
		if n := tokens(); n != 2 || b.Version != 3 {
			t.Fatalf("%d tokens after the first one's time, version %d", n, b.Version)
		}
		b.orange.Revoke()
		b.find(t) // a question is asked again
		if n := tokens(); n != 3 {
			t.Fatalf("%d tokens after the second one was revoked", n)
		}
		b.orange.Revoke()
		in := payment()
		in.OperatorReference = other
		failure := b.WantError(t, schemas.OpPaymentCollect, in, classUnavailable, "token_outdated") // money is not
		if failure.GetRetryAfterMillis() != 1000 {
			t.Errorf("retry after %d ms", failure.GetRetryAfterMillis())
		}
		b.collect(t, in)
		if n := b.net.Counters().Requests["orange.webpayment"]; n != 3 {
			t.Errorf("%d payments were sent", n)
		}
	}
}

func TestCallsAtOneTimeAskForOneToken(t *testing.T) {
	t.Parallel()
	b := setup(t, core)
	parameters, err := json.Marshal(map[string]any{
		"operation": "payment.collect", "operatorReference": reference, "providerTxId": "MP1", "amount": 500, "currency": "XOF", "country": "CI", "msisdn": ada,
	})
	if err != nil {
		t.Fatal(err)
	}
	request, failures := &connectorpb.InvokeRequest{Connection: b.Wire(t), Operation: schemas.OpPaymentLookup, Key: "k", Parameters: parameters}, make(chan error, 32)
	for range cap(failures) {
		go func() {
			answer, err := b.Client.Invoke(t.Context(), request)
			if err == nil && answer.GetError() != nil {
				err = fmt.Errorf("%v", answer.GetError())
			}
			failures <- err
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if n := b.net.Counters().Requests["orange.token"]; n != 1 {
		t.Errorf("%d tokens for 32 calls at one time", n)
	}
}

func TestATokenOfOtherCredentialsIsNotUsed(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.collect(t, payment())
	b.Set("clientSecret", "another-secret")
	b.WantError(t, schemas.OpPaymentLookup, lookup(reference), classUnauthorized, "keys_refused")
}
