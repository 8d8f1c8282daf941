package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	classInvalid       = connectorpb.Class_CLASS_INVALID
	classRejected      = connectorpb.Class_CLASS_REJECTED
	classUnsupported   = connectorpb.Class_CLASS_UNSUPPORTED
	classUnauthorized  = connectorpb.Class_CLASS_UNAUTHORIZED
	classMisconfigured = connectorpb.Class_CLASS_MISCONFIGURED
	classRateLimited   = connectorpb.Class_CLASS_RATE_LIMITED
	classUnavailable   = connectorpb.Class_CLASS_UNAVAILABLE
	classUnknown       = connectorpb.Class_CLASS_UNKNOWN_OUTCOME
)

func dialects() []string { return []string{webpay, core} }

func (b *bench) answer(t testing.TB, answer, status string) {
	t.Helper()
	b.Want(t, "orange.answer_prompt", map[string]string{"operatorReference": reference, "answer": answer, "pin": "1234"}, `{"status":"`+status+`"}`)
}

func members(t testing.TB, raw json.RawMessage) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return all
}

func holds(t testing.TB, raw json.RawMessage, want map[string]string) {
	t.Helper()
	all := members(t, raw)
	for name, value := range want {
		if fmt.Sprint(all[name]) != value {
			t.Errorf("raw has %s %v, want %s", name, all[name], value)
		}
	}
}

func TestACollectionGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dialect)
			if failure := b.Check(t); failure != nil {
				t.Fatal(failure)
			}
			if found := b.find(t); found.Result != schemas.LookupCannotTell {
				t.Fatalf("before: %+v", found)
			}
			out := b.collect(t, payment())
			if out.Status != schemas.PaymentPending || !strings.HasPrefix(out.ProviderTxID, "ORANGE_SIM_") {
				t.Fatalf("begun: %+v", out)
			}
			if found := b.find(t); found.Result != schemas.LookupFoundPending || found.Status != schemas.PaymentPending {
				t.Fatalf("meanwhile: %+v", found)
			}
			b.answer(t, "approve", "SUCCESS")
			found := b.find(t)
			if found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess || found.ProviderTxID != out.ProviderTxID {
				t.Fatalf("after: %+v", found)
			}
			if sim, _ := b.net.SIM("orange", ada); sim.Balance != 9_500 {
				t.Errorf("the payer has %d", sim.Balance)
			}
		})
	}
}

func TestTheNativeAnswerIsKeptAsOrangeTellsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	page := b.collect(t, payment())
	holds(t, page.Raw, map[string]string{"_simulated": "true", "status": "201", "message": "OK", "pay_token": page.ProviderTxID, "notif_token": "<nil>"})
	if where := fmt.Sprint(members(t, page.Raw)["payment_url"]); where != b.url+"/payment/pay_token/"+page.ProviderTxID {
		t.Errorf("the page is at %s", where)
	}
	b.answer(t, "approve", "SUCCESS")
	holds(t, b.find(t).Raw, map[string]string{"_simulated": "true", "status": "SUCCESS", "order_id": reference})

	b = setup(t, core)
	out := b.collect(t, payment())
	holds(t, out.Raw, map[string]string{"_simulated": "true", "status": "PENDING", "inittxnstatus": "200", "confirmtxnstatus": "<nil>"})
	b.answer(t, "approve", "SUCCESS")
	holds(t, b.find(t).Raw, map[string]string{
		"_simulated": "true", "status": "SUCCESSFULL", "subscriber_msisdn": "0701234567", "amount": "500", "pay_token": out.ProviderTxID,
		"inittxnstatus": "200", "confirmtxnstatus": "200", "order_id": reference, "pin": "<nil>", "description": "Two beers",
	})
}

// TestThePayerPaysOnThePage walks the way of a payment whose number Orange is not
// told, as in production: the payer opens the page and gives it.
func TestThePayerPaysOnThePage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form   url.Values
		status schemas.PaymentStatus
		goes   string
	}{
		{url.Values{"number": {ada}, "code": {"1234"}, "answer": {"approve"}}, schemas.PaymentSuccess, "/paid"},
		{url.Values{"number": {ada}, "code": {"9999"}, "answer": {"approve"}}, schemas.PaymentServiceUnavailable, "/paid"},
		{url.Values{"answer": {"refuse"}}, schemas.PaymentServiceUnavailable, "/cart"},
	} {
		b := setup(t, webpay)
		b.Environment = "production"
		where := fmt.Sprint(members(t, b.collect(t, payment()).Raw)["payment_url"])
		if found := b.find(t); found.Status != schemas.PaymentPending || members(t, found.Raw)["status"] != "INITIATED" {
			t.Fatalf("before the payer: %+v", found)
		}
		client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.PostForm(where, c.form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		client.CloseIdleConnections()
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || to != "https://shop.example"+c.goes {
			t.Errorf("%v goes to %d %s", c.form, res.StatusCode, to)
		}
		// FAILED has no reason in this API, and a production connection reads no hints.
		if found := b.find(t); found.Status != c.status {
			t.Errorf("%v: %+v", c.form, found)
		}
	}
}

func TestPrepareGivesOneShortReferenceAndAsksNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Set("baseUrl", "http://127.0.0.1:1") // nobody there
	seen := map[string]bool{}
	for _, transaction := range []string{"TX_1", "TX_2", "TX_3"} {
		in := schemas.PaymentPrepareInput{Transaction: transaction, Operation: schemas.OpPaymentCollect, Reference: "ORDER-1"}
		first, failure := b.Invoke(t, schemas.OpPaymentPrepare, in)
		again, _ := b.Invoke(t, schemas.OpPaymentPrepare, in)
		out := simnettest.Read[schemas.PaymentPrepareOutput](t, schemas.OpPaymentPrepare, first, nil)
		if failure != nil || first != again || len(out.OperatorReference) > 30 || !orderID.MatchString(out.OperatorReference) {
			t.Errorf("%s: %s, then %s, %v", transaction, first, again, failure)
		}
		seen[first] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d different references of 3 transactions", len(seen))
	}
}

func TestWhatOrangeHasNoContractForIsUnsupported(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		for _, operation := range []string{schemas.OpPaymentDisburse, schemas.OpPaymentRefund} {
			in := schemas.PaymentPrepareInput{Transaction: "TX_1", Operation: operation, Reference: "R-1"}
			failure := b.WantError(t, schemas.OpPaymentPrepare, in, classUnsupported, "operation_not_offered")
			if !strings.Contains(failure.GetMessage(), "no contract for "+operation) {
				t.Errorf("%v", failure)
			}
			look := lookup(reference)
			look.Operation = operation
			b.WantError(t, schemas.OpPaymentLookup, look, classUnsupported, "operation_not_offered")
		}
		if n := len(b.net.Counters().Requests); n != 0 {
			t.Errorf("%d kinds of requests were sent", n)
		}
	}
}

func TestAnotherPaymentUnderTheReferenceIsNotOurs(t *testing.T) {
	t.Parallel()
	for field, said := range map[string]string{
		"operatorReference": `"orderId":"ORDER-9","amount":500,"subscriberMsisdn":"0701234567"`,
		"amount":            `"orderId":"ORDER-1.A","amount":501,"subscriberMsisdn":"0701234567"`,
		"msisdn":            `"orderId":"ORDER-1.A","amount":500,"subscriberMsisdn":"0701234568"`,
		"":                  `"amount":"500.00","subscriberMsisdn":"2250701234567"`, // the same in other words
	} {
		b := setup(t, core)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"message":"x","data":{"status":"SUCCESSFULL",`+said+`}}`)
		}))
		b.collect(t, payment())
		found := b.find(t)
		if field == "" {
			if found.Result != schemas.LookupFoundFinal {
				t.Errorf("the same: %+v", found)
			}
			continue
		}
		if found.Result != schemas.LookupFoundDifferent || len(found.Differences) != 1 || found.Differences[0].Field != field {
			t.Errorf("%s: %+v", field, found)
		}
	}
}

func TestAProductionConnectionPlaysNothing(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.Environment = "production"
		b.WantError(t, schemas.OpPaymentCollect, played("success"), classInvalid, "scenario_in_production")
		b.WantError(t, "orange.list_sims", map[string]any{}, classUnsupported, "sandbox_only")
		var headers http.Header
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			headers = r.Header
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":1,"message":"no"}`)
		}))
		b.WantError(t, schemas.OpPaymentCollect, payment(), classRejected, "refused_by_operator")
		if headers.Get("X-Sandbox-Number") != "" || headers.Get("Authorization") == "" {
			t.Errorf("%s sends %v", dialect, headers)
		}
	}
}

func TestMoneyOfAnotherWalletIsNotSent(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		in := payment()
		in.Country = "BJ"
		b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_country")
		in = payment()
		in.Currency = "RWF"
		b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_currency")
		in = payment()
		in.OperatorReference = strings.Repeat("x", 31)
		b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "reference_form")
		if n := len(b.net.Counters().Requests); n != 0 {
			t.Errorf("%d kinds of requests were sent", n)
		}
	}
	b := setup(t, core)
	in := payment()
	in.MSISDN = "+33612345678"
	b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "number_foreign")
}

func TestOrangesOwnTestsHaveTheirOwnCurrency(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Set("place", "dev")
	b.collect(t, payment())
	b.answer(t, "approve", "SUCCESS")
	if found := b.find(t); found.Status != schemas.PaymentSuccess {
		t.Errorf("%+v", found)
	}
}
