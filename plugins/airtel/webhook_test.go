package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// hooked is a bench whose Airtel pushes, with a hash that the connection knows
// the key of, or without.
func hooked(t *testing.T, airtel simulator.Settings, hash bool) (*bench, *simnettest.Hook) {
	t.Helper()
	b, h := setupAs(t, airtel, simnet.Settings{}), simnettest.NewHook(t, "callback")
	if err := b.airtel.Redirect(b.us.ClientID, h.URL, hash); err != nil {
		t.Fatal(err)
	}
	if hash {
		b.Set("callbackKey", b.us.CallbackKey)
	}
	return b, h
}

func (b *bench) collect(t *testing.T, scenario string) {
	t.Helper()
	in := payment()
	in.Scenario = scenario
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
}

// says holds an answer to one event with a status.
func says(t *testing.T, out *connectorpb.HandleWebhookResponse, reference string, want schemas.PaymentStatus) {
	t.Helper()
	if out.GetError() != nil || len(out.GetEvents()) != 1 {
		t.Fatalf("got %v", out)
	}
	e := out.GetEvents()[0]
	if e.GetType() != "payment.updated" || e.GetReference() != reference || out.GetDedupeKey() != reference+" "+string(want) ||
		!strings.Contains(string(e.GetData()), `"status":"`+string(want)+`"`) || out.GetReply().GetStatus() != http.StatusOK {
		t.Errorf("got %v, want %s", out, want)
	}
	if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), e.GetData()); err != nil {
		t.Error(err)
	}
}

func TestACallbackWithOrWithoutAHashIsReadBackAndBelieved(t *testing.T) {
	t.Parallel()
	for _, hash := range []bool{true, false} {
		b, h := hooked(t, simulator.Settings{}, hash)
		b.collect(t, "success")
		b.net.Pass(2 * time.Second)
		in := h.Next(t)
		if strings.Contains(string(in.GetBody()), `"hash":"`) != hash || in.GetMethod() != http.MethodPost {
			t.Fatalf("%s %s", in.GetMethod(), in.GetBody())
		}
		first, again := b.Handle(t, in), b.Handle(t, in)
		says(t, first, reference, schemas.PaymentSuccess)
		says(t, again, reference, schemas.PaymentSuccess)
		b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
		says(t, b.Handle(t, h.Next(t)), payoutRef, schemas.PaymentSuccess)
	}
}

// TestACallbackGivesNoReasonAndTheReadBackDoes has a person decide at the phone:
// no scenario hints at the end, and the callback says TF.
func TestACallbackGivesNoReasonAndTheReadBackDoes(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]schemas.PaymentStatus{
		simnet.Approve: schemas.PaymentSuccess, simnet.Refuse: schemas.PaymentUserCancelled, simnet.WrongPIN: schemas.PaymentPINInvalid,
	} {
		for _, bare := range []bool{false, true} {
			b, h := hooked(t, simulator.Settings{BareFailures: bare}, true)
			b.collect(t, "")
			if _, err := b.net.Answer("airtel", reference, answer, ""); err != nil {
				t.Fatal(err)
			}
			if bare && want != schemas.PaymentSuccess {
				want = schemas.PaymentServiceUnavailable // nobody says why
			}
			says(t, b.Handle(t, h.Next(t)), reference, want)
		}
	}
}

func TestAForgedCallbackIsNotBelieved(t *testing.T) {
	t.Parallel()
	for hash, code := range map[bool]string{true: "callback_forged", false: "callback_untrue"} {
		b, h := hooked(t, simulator.Settings{}, hash)
		b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackForged})
		b.collect(t, "cancelled")
		out := b.Handle(t, h.Next(t)) // claims that it succeeded
		if out.GetError().GetCode() != code || len(out.GetEvents()) != 0 {
			t.Fatalf("got %v, want %s", out, code)
		}
		b.net.Pass(10 * time.Second)
		says(t, b.Handle(t, h.Next(t)), reference, schemas.PaymentUserCancelled)
	}
}

func TestACallbackThatWasSpoiltIsRefused(t *testing.T) {
	t.Parallel()
	b, h := hooked(t, simulator.Settings{}, true)
	b.collect(t, "cancelled")
	b.net.Pass(10 * time.Second)
	honest := string(h.Next(t).GetBody())
	push := func(body string) *connectorpb.HandleWebhookResponse {
		return b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "callback", Method: http.MethodPost, Body: []byte(body)})
	}
	bare := func(id, state string) string {
		return `{"transaction":{"id":"` + id + `","message":"x","status_code":"` + state + `"}}`
	}
	says(t, push(strings.Replace(honest, `,"message"`, `, "message"`, 1)), reference, schemas.PaymentUserCancelled) // written anew
	for body, code := range map[string]string{
		"<status>TS</status>":                           "callback_unreadable",
		`{"transaction":"TS"}`:                          "callback_unreadable",
		`{"transaction":{"id":"` + reference + `"}}`:    "callback_unreadable",
		bare(reference, "TF"):                           "callback_forged", // without a hash
		strings.Replace(honest, `"TF"`, `"TS"`, 1):      "callback_forged",
		strings.Replace(honest, `"hash":"`, `"x":"`, 1): "callback_forged",
	} {
		if out := push(body); out.GetError().GetCode() != code || len(out.GetEvents()) != 0 {
			t.Errorf("%s: got %v, want %s", body, out, code)
		}
	}
	b.Set("callbackKey", nil) // then only the read-back tells
	says(t, push(bare(reference, "TF")), reference, schemas.PaymentUserCancelled)
	says(t, push(bare(reference, "TIP")), reference, schemas.PaymentUserCancelled)
	for body, code := range map[string]string{
		bare(reference, "TS"): "callback_untrue",
		bare(other, "TF"):     "callback_unknown",
		bare("ORDER-1", "TF"): "callback_unknown",
		bare(refundRef, "TF"): "callback_unknown",
		bare(payoutRef, "TF"): "callback_unknown",
	} {
		if out := push(body); out.GetError().GetCode() != code || len(out.GetEvents()) != 0 {
			t.Errorf("%s: got %v, want %s", body, out, code)
		}
	}
}

// TestACallbackAheadOfAirtelsOwnWordIsNotBelieved: what is open has not failed.
func TestACallbackAheadOfAirtelsOwnWordIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.collect(t, "")
	push := func(state string) *connectorpb.HandleWebhookResponse {
		return b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "callback", Method: http.MethodPost, Body: []byte(
			`{"transaction":{"id":"` + reference + `","message":"x","status_code":"` + state + `"}}`)})
	}
	for _, state := range []string{"TS", "TF", "TE"} {
		if out := push(state); out.GetError().GetCode() != "callback_untrue" {
			t.Errorf("%s: got %v", state, out)
		}
	}
	says(t, push("TA"), reference, schemas.PaymentPending)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":{"transaction":{"id":"`+other+`","status":"TS"}}}`)
	}))
	if out := push("TS"); out.GetError().GetCode() != "callback_unknown" {
		t.Errorf("about another: got %v", out)
	}
}

func TestACallbackThatComesTwiceOrOutOfOrderTellsThePresent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{simnet.FaultCallbackTwice, simnet.FaultCallbackStale} {
		b, h := hooked(t, simulator.Settings{}, true)
		b.net.Arm(t, simnet.Fault{Kind: kind})
		b.collect(t, "low_balance")
		b.net.Pass(2 * time.Second)
		for range 2 {
			says(t, b.Handle(t, h.Next(t)), reference, schemas.PaymentInsufficientFunds)
		}
	}
}

func TestALostCallbackIsMadeUpForByALookup(t *testing.T) {
	t.Parallel()
	b, _ := hooked(t, simulator.Settings{}, true)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackLost})
	b.collect(t, "success")
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentSuccess {
		t.Errorf("%+v", found)
	}
	if c := b.net.Counters().Callbacks; c["lost"] != 1 || c["sent"] != 0 {
		t.Errorf("callbacks: %v", c)
	}
}

func FuzzHandleWebhook(f *testing.F) {
	f.Add([]byte(`{"transaction":{"id":"` + reference + `","status_code":"TS","airtel_money_id":"1"},"hash":"x"}`))
	f.Add([]byte(`{"transaction":{"id":"` + other + `","status_code":"TF"}}`))
	f.Add([]byte(`{"transaction":[]}`))
	b := setup(f)
	if _, failure := b.Invoke(f, schemas.OpPaymentCollect, payment()); failure != nil {
		f.Fatal(failure)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out := b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "callback", Method: http.MethodPost, Body: body})
		for _, e := range out.GetEvents() { // Airtel says TIP, whatever a callback claims
			if !strings.Contains(string(e.GetData()), `"status":"PENDING"`) {
				t.Errorf("believed: %s", e.GetData())
			}
		}
	})
}
