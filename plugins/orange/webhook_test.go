package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func newHook(t *testing.T) *simnettest.Hook {
	t.Helper()
	h := simnettest.NewHook(t, "notification")
	h.URL += "?x=1"
	return h
}

// notified is a bench whose stand-in gives no hints, as Orange.
func notified(t *testing.T, dialect string) (*bench, *simnettest.Hook) {
	t.Helper()
	return setupAs(t, dialect, simulator.Settings{NoHints: true}, simnet.Settings{}), newHook(t)
}

func (b *bench) begin(t *testing.T, callback, scenario string) {
	t.Helper()
	in := played(scenario)
	in.CallbackURL = callback
	b.collect(t, in)
}

// says holds an answer to one event with a status.
func says(t *testing.T, out *connectorpb.HandleWebhookResponse, want schemas.PaymentStatus) {
	t.Helper()
	if out.GetError() != nil || len(out.GetEvents()) != 1 {
		t.Fatalf("got %v", out)
	}
	e := out.GetEvents()[0]
	if e.GetType() != "payment.updated" || e.GetReference() != reference || !strings.HasPrefix(out.GetDedupeKey(), reference+" ") ||
		!strings.Contains(string(e.GetData()), `"status":"`+string(want)+`"`) || out.GetReply().GetStatus() != http.StatusOK {
		t.Errorf("got %v, want %s", out, want)
	}
	if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), e.GetData()); err != nil {
		t.Error(err)
	}
}

func refused(t *testing.T, out *connectorpb.HandleWebhookResponse, code string) {
	t.Helper()
	if out.GetError().GetCode() != code || len(out.GetEvents()) != 0 {
		t.Errorf("got %v, want %s", out, code)
	}
}

func TestANotificationIsReadBackAndBelieved(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for scenario, want := range map[string]schemas.PaymentStatus{
			"success": schemas.PaymentSuccess, "timeout": schemas.PaymentTimeout, "cancelled": schemas.PaymentServiceUnavailable,
		} {
			b, h := notified(t, dialect)
			b.begin(t, h.URL, scenario)
			b.net.Pass(36 * time.Second)
			in := h.Next(t)
			if q, _ := url.ParseQuery(in.Query); in.Method != http.MethodPost || q.Get("x") != "1" || q.Get("reference") != reference {
				t.Fatalf("%s %s?%s", in.Method, in.Path, in.Query)
			}
			first, again := b.Handle(t, in), b.Handle(t, in)
			says(t, first, want)
			says(t, again, want)
			if first.GetDedupeKey() != again.GetDedupeKey() {
				t.Errorf("%q, then %q", first.GetDedupeKey(), again.GetDedupeKey())
			}
		}
	}
}

// TestAnotherProcessLooksUpWhatItCannotReadBack has a notification come to a
// process that did not begin the payment. Core's address carries the pay token;
// webpay's cannot, so the event only has the payment looked up.
func TestAnotherProcessLooksUpWhatItCannotReadBack(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[string]schemas.PaymentStatus{core: schemas.PaymentSuccess, webpay: schemas.PaymentPending} {
		b, h := notified(t, dialect)
		b.begin(t, h.URL, "success")
		b.net.Pass(2 * time.Second)
		in := h.Next(t)
		b.Client = b.another(t)
		says(t, b.Handle(t, in), want)
		in.Body = []byte(`{"status":"FAILED","notif_token":"made up"}`)
		if out := b.Handle(t, in); dialect == webpay {
			says(t, out, schemas.PaymentPending) // nothing of the body is believed
		} else {
			refused(t, out, "notification_untrue")
		}
		for _, spoil := range []func(url.Values){
			func(q url.Values) { q.Del("mark") },
			func(q url.Values) { q.Set("mark", strings.Repeat("0", 32)) },
			func(q url.Values) { q.Set("reference", other) },
			func(q url.Values) { q.Set("payToken", "ORANGE_SIM_OTHER") },
		} {
			q, _ := url.ParseQuery(in.Query)
			spoil(q)
			refused(t, b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "notification", Method: in.Method, Query: q.Encode(), Body: in.Body}), "notification_unproved")
		}
		if found := b.find(t); found.Status != schemas.PaymentSuccess {
			t.Errorf("the look-up: %+v", found)
		}
	}
}

func TestAForgedNotificationIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b, h := notified(t, dialect)
		b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackForged})
		b.begin(t, h.URL, "cancelled")
		refused(t, b.Handle(t, h.Next(t)), "notification_untrue") // claims that it succeeded
		b.net.Pass(10 * time.Second)
		honest := h.Next(t)
		says(t, b.Handle(t, honest), schemas.PaymentServiceUnavailable)
		lies := map[string]func(*connectorpb.HandleWebhookRequest){
			"notification_unreadable":  func(in *connectorpb.HandleWebhookRequest) { in.Body = []byte("<status>SUCCESS</status>") },
			"notification_unaddressed": func(in *connectorpb.HandleWebhookRequest) { in.Query = "" },
			"notification_unproved":    func(in *connectorpb.HandleWebhookRequest) { in.Query = "reference=" + other },
		}
		if dialect == webpay {
			lies["notification_forged"] = func(in *connectorpb.HandleWebhookRequest) {
				in.Body = []byte(`{"status":"FAILED","notif_token":"made up"}`)
			}
		}
		for code, spoil := range lies {
			in := &connectorpb.HandleWebhookRequest{Kind: "notification", Method: honest.Method, Query: honest.Query, Body: honest.Body}
			spoil(in)
			refused(t, b.Handle(t, in), code)
		}
	}
}

func TestANotificationThatComesTwiceOrOutOfOrderTellsThePresent(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for _, kind := range []string{simnet.FaultCallbackTwice, simnet.FaultCallbackStale} {
			b, h := notified(t, dialect)
			b.net.Arm(t, simnet.Fault{Kind: kind})
			b.begin(t, h.URL, "success")
			b.net.Pass(2 * time.Second)
			for range 2 {
				says(t, b.Handle(t, h.Next(t)), schemas.PaymentSuccess)
			}
		}
	}
}

func TestALostNotificationIsMadeUpForByALookup(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b, h := notified(t, dialect)
		b.net.Arm(t, simnet.Fault{Kind: simnet.FaultCallbackLost})
		b.begin(t, h.URL, "success")
		b.net.Pass(2 * time.Second)
		if found := b.find(t); found.Status != schemas.PaymentSuccess {
			t.Errorf("%+v", found)
		}
		if c := b.net.Counters().Callbacks; c["lost"] != 1 || c["sent"] != 0 {
			t.Errorf("notifications: %v", c)
		}
	}
}

func TestWithoutAnAddressNoNotificationIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		var sent string
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "operator_unavailable")
		if !strings.Contains(sent, reference) || strings.Contains(sent, "notif") {
			t.Errorf("%s sends %s", dialect, sent)
		}
	}
}

func FuzzHandleWebhook(f *testing.F) {
	b := setupAs(f, webpay, simulator.Settings{PlainTokens: true}, simnet.Settings{})
	if _, failure := b.Invoke(f, schemas.OpPaymentCollect, payment()); failure != nil {
		f.Fatal(failure)
	}
	f.Add("reference="+reference, []byte(`{"status":"SUCCESS","notif_token":"NOTIF_`+reference+`","txnid":"1"}`))
	f.Add("reference="+reference, []byte(`{"status":"INITIATED","notif_token":"NOTIF_`+reference+`"}`))
	f.Add("reference="+other+"&mark=0", []byte(`{"data":{"status":"SUCCESSFULL"}}`))
	f.Add("%zz", []byte(`[]`))
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		out := b.Handle(t, &connectorpb.HandleWebhookRequest{Kind: "notification", Method: http.MethodPost, Query: strings.ToValidUTF8(query, ""), Body: body})
		for _, e := range out.GetEvents() { // Orange says INITIATED, whatever a notification claims
			if !strings.Contains(string(e.GetData()), `"status":"PENDING"`) {
				t.Errorf("believed: %s", e.GetData())
			}
		}
	})
}
