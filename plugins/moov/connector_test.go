package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
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

func TestACollectionGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if failure := b.Check(t); failure != nil {
		t.Fatal(failure)
	}
	if found := b.find(t, schemas.OpPaymentCollect); found.Result != schemas.LookupCannotTell {
		t.Fatalf("before: %+v", found)
	}
	began := b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if !strings.HasPrefix(began.ProviderTxID, "SIM_") {
		t.Fatalf("began as %+v", began)
	}
	if found := b.find(t, schemas.OpPaymentCollect); found.Result != schemas.LookupFoundPending || found.Status != schemas.PaymentPending {
		t.Fatalf("meanwhile: %+v", found)
	}
	b.net.Pass(20 * time.Minute) // the payer may dial a code long after the push
	b.Want(t, "moov.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve", "pin": "1234"}, `{"status":"SUCCESS"}`)
	found := b.find(t, schemas.OpPaymentCollect)
	if found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess || found.ProviderTxID != began.ProviderTxID {
		t.Fatalf("after: %+v", found)
	}
	var raw map[string]any
	if err := json.Unmarshal(found.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"responseCode": "0", "transactionId": found.ProviderTxID, "transid": found.ProviderTxID, "referenceid": reference,
		"description": "Success", "_simulated": "true", "_latencyMs": "1.2e+06",
	} {
		if fmt.Sprint(raw[name]) != want {
			t.Errorf("raw has %s %v, want %s", name, raw[name], want)
		}
	}
	if b.balance(t) != 9_500 {
		t.Errorf("the payer has %d", b.balance(t))
	}
}

func TestPayoutsAndRefundsGoTheWholeWay(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{dialectSOAP, dialectREST} {
		b := setupAs(t, dialect, simulator.Settings{}, simnet.Settings{NoWait: true})
		paid := b.Pay(t, schemas.OpPaymentDisburse, payment(), schemas.PaymentSuccess)
		var raw struct {
			Code      string `json:"responseCode"`
			ID        string `json:"transactionId"`
			After     string `json:"senderbalanceafter"`
			Simulated bool   `json:"_simulated"`
		}
		if err := json.Unmarshal(paid.Raw, &raw); err != nil || raw.Code != "0" || raw.ID != paid.ProviderTxID || !raw.Simulated ||
			dialect == dialectSOAP && raw.After != "99999500" {
			t.Errorf("%s: raw is %s, %v", dialect, paid.Raw, err)
		}
		b.WantError(t, schemas.OpPaymentRefund, refund(501), classInvalid, "above_original")
		b.Pay(t, schemas.OpPaymentRefund, refund(200), schemas.PaymentSuccess)
		if b.balance(t) != 10_700 {
			t.Errorf("%s: the payee has %d", dialect, b.balance(t))
		}
	}
}

func TestAPayoutThatTakesLongIsLookedUp(t *testing.T) {
	t.Parallel()
	b := setupAs(t, dialectSOAP, simulator.Settings{WaitMillis: 1}, simnet.Settings{})
	began := b.Pay(t, schemas.OpPaymentDisburse, payment(), schemas.PaymentPending)
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentDisburse); found.Status != schemas.PaymentSuccess || found.ProviderTxID != began.ProviderTxID {
		t.Errorf("%+v", found)
	}
}

func TestPrepareGivesOneReferenceAndAsksNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", "http://127.0.0.1:1") // nobody there
	form := regexp.MustCompile(`^[0-9A-F]{20}$`)
	seen := map[string]bool{}
	for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentRefund, schemas.OpPaymentDisburse} {
		for _, transaction := range []string{"TX_1", "TX_2"} {
			in := schemas.PaymentPrepareInput{Transaction: transaction, Operation: operation, Reference: "ORDER-1"}
			first, failure := b.Invoke(t, schemas.OpPaymentPrepare, in)
			again, _ := b.Invoke(t, schemas.OpPaymentPrepare, in)
			var out schemas.PaymentPrepareOutput
			if err := json.Unmarshal([]byte(first), &out); failure != nil || err != nil || first != again || !form.MatchString(out.OperatorReference) {
				t.Errorf("%s of %s: %s, then %s, %v", operation, transaction, first, again, failure)
			}
			seen[first] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d different references of 6 transactions", len(seen))
	}
}

// TestALookupFindsByTheIDThatIsStored gives Moov's id as the engine stores it,
// without any state.
func TestALookupFindsByTheIDThatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Forget()
	in := lookup(schemas.OpPaymentCollect)
	in.ProviderTxID = began.ProviderTxID
	got, failure := b.Invoke(t, schemas.OpPaymentLookup, in)
	if failure != nil || !strings.Contains(got, `"result":"found_pending"`) {
		t.Errorf("%s, %v", got, failure)
	}
	in.ProviderTxID = "SIM_NOBODY"
	b.Want(t, schemas.OpPaymentLookup, in, `{"result":"not_found"}`)
	b.State = []byte(`{"v":9,"transid":"` + began.ProviderTxID + `"}`) // of a newer connector
	if found := b.find(t, schemas.OpPaymentCollect); found.Result != schemas.LookupCannotTell {
		t.Errorf("%+v", found)
	}
}

func TestNumbersGoInTheFormThatIsSet(t *testing.T) {
	t.Parallel()
	for form, want := range map[any]string{nil: "2290195123456", "international": "2290195123456", "national": "0195123456", "short": "95123456"} {
		b := setup(t)
		b.Set("numberForm", form)
		b.Set("walletId", "7")
		var got string
		b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			got = string(raw)
			fmt.Fprint(w, said("transferFlooz", `<status>0</status><message>ok</message><transactionid>77</transactionid>`))
		}))
		if paid := b.Pay(t, schemas.OpPaymentDisburse, payment(), schemas.PaymentSuccess); paid.ProviderTxID != "77" {
			t.Errorf("%+v", paid)
		}
		for _, part := range []string{
			"<destination>" + want + "</destination>", "<walletid>7</walletid>", "<amount>500</amount>", "<referenceid>" + reference + "</referenceid>", "<api:transferFlooz>",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("%v: %s is not in %s", form, part, got)
			}
		}
	}
}

func TestAProductionConnectionPlaysNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Environment = "production"
	in := payment()
	in.Scenario = "success"
	b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "scenario_in_production")
	b.WantError(t, "moov.list_sims", map[string]any{}, classUnsupported, "sandbox_only")
	if c := b.net.Counters(); len(c.Requests) != 0 {
		t.Errorf("something was sent: %+v", c)
	}
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Set("dialect", "rest")
	b.WantError(t, schemas.OpPaymentCollect, payment(), classMisconfigured, "settings_invalid")
}

func TestMoneyOfAnotherWalletIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := payment()
	in.Country = "CI"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_country")
	in = payment()
	in.Currency = "RWF"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_currency")
	if c := b.net.Counters(); len(c.Requests) != 0 {
		t.Errorf("something was sent: %+v", c)
	}
}
