package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/moov/internal/flooz"
	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// TestALostAnswerIsADoubtThatNobodyCanSettle loses the one answer that tells
// Moov's id: with a guard against used references or without, the payer pays
// once and nothing is claimed.
func TestALostAnswerIsADoubtThatNobodyCanSettle(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{dialectSOAP, dialectREST} {
		for _, guard := range []bool{true, false} {
			for _, kind := range []string{simnet.FaultLost, simnet.FaultSilent, simnet.FaultStatusAfter} {
				t.Run(fmt.Sprint(dialect, " ", kind, " ", guard), func(t *testing.T) {
					t.Parallel()
					b := setupAs(t, dialect, simulator.Settings{}, simnet.Settings{NoDuplicateGuard: !guard, NoWait: true})
					if kind == simnet.FaultSilent {
						b.Set("timeout", "2s")
					}
					b.net.Arm(t, simnet.Fault{Kind: kind, Status: 503, Times: 1})
					in := payment()
					in.Scenario = "success"
					if _, failure := b.Invoke(t, schemas.OpPaymentCollect, in); failure.GetClass() != classUnknown {
						t.Fatalf("collect: %v", failure)
					}
					if dialect == dialectREST {
						b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect), classUnsupported, "no_status_call")
					} else if found := b.find(t, schemas.OpPaymentCollect); found.Result != schemas.LookupCannotTell {
						t.Fatalf("%+v", found)
					}
					if seen, _ := b.net.Reference("moov", reference); seen.Begins != 1 || seen.Debits != 1 {
						t.Errorf("under the reference: %+v", seen)
					}
				})
			}
		}
	}
}

func TestAUsedReferenceIsADoubt(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{dialectSOAP, dialectREST} {
		b := setupAs(t, dialect, simulator.Settings{WaitMillis: 1}, simnet.Settings{})
		b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
		b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "reference_used")
	}
	b := setup(t)
	in := payment()
	in.Scenario = "duplicate" // Moov names a transaction: it can be asked
	b.WantError(t, schemas.OpPaymentCollect, in, classUnknown, "reference_used")
	if found := b.find(t, schemas.OpPaymentCollect); found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentDuplicateReference {
		t.Errorf("%+v", found)
	}
}

// TestWithoutAGuardTheSameReferencePaysAgain shows that the stand-in has the
// danger that makes these effects unkeyed.
func TestWithoutAGuardTheSameReferencePaysAgain(t *testing.T) {
	t.Parallel()
	b := setupAs(t, dialectSOAP, simulator.Settings{}, simnet.Settings{NoDuplicateGuard: true, NoWait: true})
	first := b.Pay(t, schemas.OpPaymentDisburse, payment(), schemas.PaymentSuccess)
	second := b.Pay(t, schemas.OpPaymentDisburse, payment(), schemas.PaymentSuccess)
	if first.ProviderTxID == second.ProviderTxID || b.balance(t) != 11_000 || b.net.Counters().Doubled != 1 {
		t.Errorf("%+v, %+v, the payee has %d", first, second, b.balance(t))
	}
}

func TestFailuresAreClassedByWhetherMoneyMayHaveMoved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		fault       simnet.Fault
		pay, asking connectorpb.Class
	}{
		{"500", simnet.Fault{Kind: simnet.FaultStatus, Status: 500}, classUnknown, classUnavailable},
		{"503", simnet.Fault{Kind: simnet.FaultStatus, Status: 503}, classUnknown, classUnavailable},
		{"429", simnet.Fault{Kind: simnet.FaultStatus, Status: 429, RetryAfterSeconds: 7}, classRateLimited, classRateLimited},
		{"403", simnet.Fault{Kind: simnet.FaultStatus, Status: 403}, classMisconfigured, classMisconfigured},
		{"400", simnet.Fault{Kind: simnet.FaultStatus, Status: 400}, classRejected, classRejected},
		{"connection broken", simnet.Fault{Kind: simnet.FaultDrop}, classUnknown, classUnavailable},
		{"no answer", simnet.Fault{Kind: simnet.FaultHang}, classUnknown, classUnavailable},
	} {
		for _, dialect := range []string{dialectSOAP, dialectREST} {
			t.Run(dialect+" "+c.name, func(t *testing.T) {
				t.Parallel()
				b := setupAs(t, dialect, simulator.Settings{}, simnet.Settings{})
				if c.fault.Kind == simnet.FaultHang {
					b.Set("timeout", "2s")
				}
				b.net.Arm(t, c.fault)
				_, pay := b.Invoke(t, schemas.OpPaymentCollect, payment())
				asking := b.Check(t)
				if pay.GetClass() != c.pay || asking.GetClass() != c.asking {
					t.Errorf("collect %v, check %v", pay, asking)
				}
				if want := int64(c.fault.RetryAfterSeconds) * 1000; pay.GetRetryAfterMillis() != want {
					t.Errorf("retry after %d ms, want %d", pay.GetRetryAfterMillis(), want)
				}
				if _, known := b.net.Find("moov", reference); known {
					t.Error("Moov took the order")
				}
			})
		}
	}
}

func TestFaultsOfTheConfigurationEndNoPayment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect, setting string
		value            any
		class            connectorpb.Class
		code             string
	}{
		"password":         {dialectSOAP, "password", "another", classUnauthorized, "keys_refused"},
		"key":              {dialectSOAP, "encryptionKey", strings.Repeat("k", 32), classUnauthorized, "keys_refused"},
		"path":             {dialectSOAP, "path", "/nowhere", classUnknown, "answer_unreadable"}, // JSON, where an envelope should be
		"password of REST": {dialectREST, "password", "another", classUnauthorized, "keys_refused"},
		"partner":          {dialectREST, "partnerId", "another", classMisconfigured, "parameters_missing"},
		"address of REST":  {dialectREST, "baseUrl", "/nowhere", classMisconfigured, "path_unknown"},
	} {
		b := setupAs(t, c.dialect, simulator.Settings{}, simnet.Settings{NoWait: true})
		if c.setting == "baseUrl" {
			c.value = b.url + "/nowhere"
		}
		b.Set(c.setting, c.value)
		b.WantError(t, schemas.OpPaymentCollect, payment(), c.class, c.code)
		if _, known := b.net.Find("moov", reference); known {
			t.Errorf("%s: Moov took the order", name)
		}
	}
	for setting, code := range map[string]string{"merchantNumber": "number_refused", "path": "path_unknown"} {
		b := setup(t)
		b.Set(setting, map[string]any{"merchantNumber": ada, "path": "/nowhere"}[setting])
		if failure := b.Check(t); failure.GetClass() != classMisconfigured || failure.GetCode() != code {
			t.Errorf("%s: check says %v", setting, failure)
		}
	}
	b := setup(t) // credentials that ended while a payment is open
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Set("password", "another")
	b.WantError(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect), classUnauthorized, "keys_refused")
}

func TestAnAnswerThatIsNotMoovsProvesNothing(t *testing.T) {
	t.Parallel()
	const push = "PushWithPending"
	done := said(push, `<status>0</status><transid>7</transid>`)
	for _, c := range []struct {
		dialect string
		status  int
		body    string
		code    string
	}{
		{dialectSOAP, 200, `<html>welcome</html>`, "answer_unreadable"},
		{dialectSOAP, 200, `{"responseCode":"0"}`, "answer_unreadable"},
		{dialectSOAP, 200, said("transferFlooz", `<status>0</status><transid>7</transid>`), "answer_unreadable"}, // to another call
		{dialectSOAP, 200, said(push, `<transid>7</transid>`), "answer_unreadable"},
		{dialectSOAP, 200, said(push, `<status>94</status>`), "answer_unreadable"},
		{dialectSOAP, 200, `<!DOCTYPE x [<!ENTITY a "0">]>` + done, "answer_unreadable"},
		{dialectSOAP, 200, strings.Replace(done, ">0<", ">&a;<", 1), "answer_unreadable"},
		{dialectSOAP, 200, strings.Replace(done, "schemas.xmlsoap.org", "elsewhere.example", 1), "answer_unreadable"},
		{dialectSOAP, 200, done + done, "answer_unreadable"},
		{dialectSOAP, 200, strings.Repeat("<a>", 1_000) + strings.Repeat("</a>", 1_000), "answer_unreadable"},
		{dialectSOAP, 200, said(push, strings.Repeat("<x>1</x>", 1_000)+`<status>0</status>`), "answer_unreadable"},
		{dialectSOAP, 200, done + strings.Repeat(" ", 2<<20), "no_answer"},
		{dialectSOAP, 200, said(push, `<status>99</status><description>x</description>`), "operator_unavailable"},
		{dialectSOAP, 200, said(push, `<status>-1</status><transid>7</transid>`), "operator_unavailable"},
		{dialectSOAP, 200, said(push, `<status>95</status><description>DUPLICATE</description>`), "reference_used"},
		{dialectSOAP, 404, `<html>no such page</html>`, "answer_unreadable"},
		{dialectSOAP, 403, `<html>no</html>`, "answer_unreadable"},
		{dialectSOAP, 302, ``, "redirected"},
		{dialectSOAP, 408, ``, "operator_unavailable"},
		{dialectREST, 200, `<html>welcome</html>`, "answer_unreadable"},
		{dialectREST, 200, `{"transactionId":"7"}`, "answer_unreadable"},
		{dialectREST, 200, `{"responseCode":"99"}`, "operator_unavailable"},
		{dialectREST, 200, `{"responseCode":"95","message":"duplicate"}`, "reference_used"},
		{dialectREST, 401, `<html>no</html>`, "answer_unreadable"},
		{dialectREST, 502, `<html>no</html>`, "operator_unavailable"},
	} {
		b := setupAs(t, c.dialect, simulator.Settings{}, simnet.Settings{})
		b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		if got, failure := b.Invoke(t, schemas.OpPaymentCollect, payment()); failure.GetClass() != classUnknown || failure.GetCode() != c.code {
			t.Errorf("%d %.200s: answered %s, %v; want %s", c.status, c.body, got, failure, c.code)
		}
	}
}

// TestAnAnswerToAQuestionIsTakenForWhatItIsAbout: Moov's own faults, and answers
// about other transactions, end no payment.
func TestAnAnswerToAQuestionIsTakenForWhatItIsAbout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ members, want string }{
		{`<status>0</status><transid>7</transid>`, `found_final SUCCESS`},
		{`<status>000</status>`, `found_final SUCCESS`},
		{`<status>777</status><description>moon is full</description><transid>7</transid>`, `found_pending PENDING`},
		{`<status>94</status><description>none</description>`, `not_found `},
		{`<status>99</status><transid>7</transid>`, `found_final SERVICE_UNAVAILABLE`},
		{`<status>-1</status><transid>7</transid>`, `found_final SERVICE_UNAVAILABLE`},
		{`<status>99</status>`, `unavailable operator_unavailable`},
		{`<status>0</status><transid>8</transid>`, `unavailable other_transaction`},
		{`<status>98</status>`, `unauthorized keys_refused`},
		{`<status>91</status>`, `misconfigured parameters_missing`},
		{`<status></status>`, `unavailable answer_unreadable`},
	} {
		b := setup(t)
		b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, said("getTransactionStatus", c.members)) }))
		b.State = []byte(`{"v":1,"transid":"7"}`)
		got, failure := b.Invoke(t, schemas.OpPaymentLookup, lookup(schemas.OpPaymentCollect))
		text := strings.ToLower(strings.TrimPrefix(failure.GetClass().String(), "CLASS_")) + " " + failure.GetCode()
		if failure == nil {
			found := b.find(t, schemas.OpPaymentCollect)
			text = found.Result + " " + string(found.Status)
		}
		if text != c.want {
			t.Errorf("%s: %s (%s), want %s", c.members, text, got, c.want)
		}
	}
}

func TestNoAnswerQuotesASecret(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{dialectSOAP, dialectREST} {
		b := setupAs(t, dialect, simulator.Settings{}, simnet.Settings{})
		quote := func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			text := r.Header.Get("Authorization") + " " + strings.NewReplacer("<", "(", ">", ")").Replace(string(body)) + " " + b.us.Password
			if dialect == dialectREST {
				fmt.Fprintf(w, `{"responseCode":"0","transactionId":"7","message":%q,"why":%q}`, text, text)
				return
			}
			fmt.Fprint(w, said("PushWithPending", `<status>0</status><transid>7</transid><description>`+text+`</description>`))
		}
		b.Set("baseUrl", simnettest.Serve(t, quote))
		paid := b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentSuccess)
		b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			quote(w, r)
		}))
		failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classUnknown, "operator_unavailable")
		token, err := flooz.Token(b.us.Username, b.us.Password, b.us.EncryptionKey)
		if err != nil || len(paid.Raw) == 0 {
			t.Fatal(err, paid)
		}
		for _, secret := range []string{token, b.us.Password, b.us.EncryptionKey, base64.StdEncoding.EncodeToString([]byte(b.us.Username + ":" + b.us.Password))} {
			if strings.Contains(failure.String()+string(failure.GetVendorAnswer())+string(paid.Raw), secret) {
				t.Errorf("%s: %s is in %s or %s", dialect, secret, failure, paid.Raw)
			}
		}
	}
}

func TestNothingStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.Client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.Wire(t), Operation: schemas.OpPaymentCollect, Key: "key-1", DeadlineUnixMicros: time.Now().Add(-time.Second).UnixMicro(),
		Parameters: []byte(`{"operatorReference":"` + reference + `","amount":500,"currency":"XOF","country":"BJ","msisdn":"` + ada + `","reference":"ORDER-1"}`),
	})
	if err != nil || answer.GetError().GetClass() != classUnavailable {
		t.Fatalf("%v, %v", answer, err)
	}
	if _, known := b.net.Find("moov", reference); known {
		t.Error("it was sent")
	}
}
