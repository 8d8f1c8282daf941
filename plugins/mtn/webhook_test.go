package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func newHook(t *testing.T) *simnettest.Hook {
	t.Helper()
	h := simnettest.NewHook(t, "callback")
	h.URL += "?x=1"
	return h
}

func (b *bench) collect(t *testing.T, callback, scenario string) {
	t.Helper()
	in := payment()
	in.CallbackURL, in.Scenario = callback, scenario
	b.Want(t, schemas.OpPaymentCollect, in, pending)
}

// says holds an answer to one event with a status.
func says(t *testing.T, out *connectorpb.HandleWebhookResponse, want schemas.PaymentStatus) {
	t.Helper()
	if out.GetError() != nil || len(out.GetEvents()) != 1 {
		t.Fatalf("got %v", out)
	}
	e := out.GetEvents()[0]
	if e.GetType() != "payment.updated" || e.GetReference() != reference || out.GetDedupeKey() != reference+" "+string(want) ||
		!strings.Contains(string(e.GetData()), `"status":"`+string(want)+`"`) || out.GetReply().GetStatus() != http.StatusOK {
		t.Errorf("got %v, want %s", out, want)
	}
	var told schemas.PaymentTold
	if err := json.Unmarshal(e.GetData(), &told); err != nil {
		t.Fatal(err)
	}
	if in := payment(); told.Amount != in.Amount || told.Currency != in.Currency || told.MSISDN != in.MSISDN {
		t.Errorf("told of %d %s of %s", told.Amount, told.Currency, told.MSISDN)
	}
	output, err := json.Marshal(told.PaymentOutput)
	if err == nil {
		err = schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), output)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestACallbackByPOSTOrPUTIsReadBackAndBelieved(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{http.MethodPost, http.MethodPut} {
		b, h := setupAs(t, simulator.Settings{CallbackVerb: verb}, simnet.Settings{}), newHook(t)
		b.collect(t, h.URL, "success")
		b.net.Pass(2 * time.Second)
		in := h.Next(t)
		if q, _ := url.ParseQuery(in.Query); in.Method != verb || q.Get("x") != "1" || q.Get("reference") != reference {
			t.Fatalf("%s %s?%s", in.Method, in.Path, in.Query)
		}
		first, again := b.Handle(t, in), b.Handle(t, in)
		says(t, first, schemas.PaymentSuccess)
		says(t, again, schemas.PaymentSuccess)
	}
}

func TestAForgedCallbackIsNotBelieved(t *testing.T) {
	t.Parallel()
	b, h := setup(t), newHook(t)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackForged})
	b.collect(t, h.URL, "cancelled")
	out := b.Handle(t, h.Next(t)) // claims that it succeeded
	if out.GetError().GetCode() != "callback_untrue" || len(out.GetEvents()) != 0 {
		t.Fatalf("got %v", out)
	}
	b.net.Pass(10 * time.Second)
	true1 := h.Next(t)
	says(t, b.Handle(t, true1), schemas.PaymentUserCancelled)
	for name, spoil := range map[string]func(*connectorpb.HandleWebhookRequest){
		"callback_unreadable":  func(in *connectorpb.HandleWebhookRequest) { in.Body = []byte("<status>SUCCESSFUL</status>") },
		"callback_unaddressed": func(in *connectorpb.HandleWebhookRequest) { in.Query = "" },
		"callback_unknown": func(in *connectorpb.HandleWebhookRequest) {
			in.Query = strings.Replace(in.Query, reference, other, 1)
		},
		"callback_untrue": func(in *connectorpb.HandleWebhookRequest) { in.Body = []byte(`{"status":"FAILED","reason":"EXPIRED"}`) },
	} {
		in := &connectorpb.HandleWebhookRequest{Kind: "callback", Method: true1.Method, Query: true1.Query, Body: true1.Body}
		spoil(in)
		if out := b.Handle(t, in); out.GetError().GetCode() != name || len(out.GetEvents()) != 0 {
			t.Errorf("%s: got %v", name, out)
		}
	}
}

func TestACallbackThatComesTwiceOrOutOfOrderTellsThePresent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{simnet.FaultCallbackTwice, simnet.FaultCallbackStale} {
		b, h := setup(t), newHook(t)
		b.net.Arm(t, simnet.Fault{Kind: kind})
		b.collect(t, h.URL, "low_balance")
		b.net.Pass(2 * time.Second)
		for range 2 {
			says(t, b.Handle(t, h.Next(t)), schemas.PaymentInsufficientFunds)
		}
	}
}

func TestALostCallbackIsMadeUpForByALookup(t *testing.T) {
	t.Parallel()
	b, h := setup(t), newHook(t)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackLost})
	b.collect(t, h.URL, "success")
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentSuccess {
		t.Errorf("%+v", found)
	}
	if c := b.net.Counters().Callbacks; c["lost"] != 1 || c["sent"] != 0 {
		t.Errorf("callbacks: %v", c)
	}
}

func TestACallbackIsAskedForOnlyWhereMTNWouldTakeIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host, callback, environment string
		asked                       bool
	}{
		"registered host":         {"127.0.0.1", "http://127.0.0.1:9/x", "sandbox", true},
		"another host":            {"127.0.0.1", "http://evil.example/x", "sandbox", false},
		"no registered host":      {"", "http://127.0.0.1:9/x", "sandbox", false},
		"no address":              {"127.0.0.1", "", "sandbox", false},
		"production":              {"afara.example", "https://afara.example/x", "production", true},
		"production, plain":       {"afara.example", "http://afara.example/x", "production", false},
		"production, with a port": {"afara.example", "https://afara.example:8443/x", "production", false},
	} {
		b := setup(t)
		b.Environment = c.environment
		var asked string
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header.Get("X-Callback-Url")
			w.WriteHeader(http.StatusAccepted)
		}))
		b.Set("callbackHost", c.host)
		if c.host == "" {
			b.Set("callbackHost", nil)
		}
		in := payment()
		in.CallbackURL = c.callback
		b.Want(t, schemas.OpPaymentCollect, in, pending)
		if (asked != "") != c.asked {
			t.Errorf("%s: asked for %q", name, asked)
		}
	}
}

func FuzzHandleWebhook(f *testing.F) {
	f.Add("reference="+reference+"&operation=payment.collect", []byte(`{"status":"SUCCESSFUL","financialTransactionId":"1"}`))
	f.Add("operation=payment.collect&reference="+other, []byte(`{"status":"FAILED","reason":{"code":"EXPIRED"}}`))
	f.Add("%zz", []byte(`[]`))
	b := setup(f)
	in := payment()
	if _, failure := b.Invoke(f, schemas.OpPaymentCollect, in); failure != nil {
		f.Fatal(failure)
	}
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		out := b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "callback", Method: http.MethodPost, Query: strings.ToValidUTF8(query, ""), Body: body})
		for _, e := range out.GetEvents() { // MTN says PENDING, whatever a callback claims
			if !strings.Contains(string(e.GetData()), `"status":"PENDING"`) {
				t.Errorf("believed: %s", e.GetData())
			}
		}
	})
}
