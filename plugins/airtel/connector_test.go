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

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
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
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupNotFound {
		t.Fatalf("before: %+v", found)
	}
	taken := b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if !strings.Contains(string(taken.Raw), `"status":"SUCCESS"`) || taken.ProviderTxID != "" {
		t.Errorf("Airtel's SUCCESS means that it took it: %s, %s", taken.Raw, taken.ProviderTxID)
	}
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundPending || found.Status != schemas.PaymentPending {
		t.Fatalf("meanwhile: %+v", found)
	}
	b.Want(t, "airtel.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve", "pin": "1234"}, `{"status":"SUCCESS"}`)
	found := b.find(t, schemas.OpPaymentCollect, reference)
	if found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess || !strings.HasPrefix(found.ProviderTxID, "SIM_") {
		t.Fatalf("after: %+v", found)
	}
	var raw map[string]any
	if err := json.Unmarshal(found.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"_simulated": "true",
		"data":       "map[transaction:map[airtel_money_id:" + found.ProviderTxID + " id:" + reference + " message:success status:TS]]",
		"status":     "map[code:200 message:success response_code:DP00800001001 result_code:ESB000010 success:true]",
	} {
		if fmt.Sprint(raw[name]) != want {
			t.Errorf("raw has %s %v, want %s", name, raw[name], want)
		}
	}
	if sim, _ := b.net.SIM("airtel", ada); sim.Balance != 9_500 {
		t.Errorf("the payer has %d", sim.Balance)
	}
}

// TestTheBodiesAreAirtels holds what goes out against what Airtel's clients send.
func TestTheBodiesAreAirtels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sent string
	var header http.Header
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		sent, header = r.Method+" "+r.URL.Path+" "+string(raw), r.Header
		fmt.Fprint(w, `{"data":{"transaction":{"status":"SUCCESS"}},"status":{"result_code":"ESB000010","success":true}}`)
	}))
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if want := `POST /merchant/v1/payments/ {"reference":"` + reference + `","subscriber":{"country":"RW","currency":"RWF","msisdn":"730123456"},` +
		`"transaction":{"amount":500,"country":"RW","currency":"RWF","id":"` + reference + `"}}`; sent != want {
		t.Errorf("sent %s, want %s", sent, want)
	}
	for name, want := range map[string]string{"Authorization": "Bearer token-of-a-stranger", "X-Country": "RW", "X-Currency": "RWF", "Accept": "*/*", "X-Signature": ""} {
		if header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, header.Get(name), want)
		}
	}
	b.Set("apiVersion", "v2")
	in := refund(reference, 500)
	in.Original.ProviderTxID = "MP210603.1234.L06941"
	b.Pay(t, schemas.OpPaymentRefund, in, schemas.PaymentPending)
	if want := `POST /standard/v2/payments/refund {"transaction":{"airtel_money_id":"MP210603.1234.L06941"}}`; sent != want {
		t.Errorf("sent %s, want %s", sent, want)
	}
	b.Set("numberForm", "international")
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if !strings.Contains(sent, "/merchant/v2/payments/ ") || !strings.Contains(sent, `"msisdn":"250730123456"`) {
		t.Errorf("sent %s", sent)
	}
	der := b.publicKey(t)
	b.Set("encryptionKey", der)
	b.Set("payoutType", "B2C")
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentPending)
	want := regexp.MustCompile(`^POST /standard/v2/disbursements/ \{"reference":"` + payoutRef + `","payee":\{"msisdn":"250730123456"\},"pin":"[A-Za-z0-9+/]{342}==",` +
		`"transaction":\{"amount":500,"id":"` + payoutRef + `","type":"B2C"\}\}$`)
	if !want.MatchString(sent) {
		t.Errorf("sent %s, want %s", sent, want)
	}
}

func TestPayoutsAndRefundsGoTheWholeWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
	if found := b.find(t, schemas.OpPaymentDisburse, payoutRef); found.Status != schemas.PaymentSuccess || found.ProviderTxID != paid.ProviderTxID {
		t.Fatalf("payout: %+v after %+v", found, paid)
	}
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 500), classRejected, "not_found")
	in := payment()
	in.Scenario = "success"
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	b.net.Pass(2 * time.Second)
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 200), classUnsupported, "refund_in_part")
	if n := b.asked("refund"); n != 0 {
		t.Errorf("%d refunds were sent", n)
	}
	if out := b.Pay(t, schemas.OpPaymentRefund, refund(reference, 500), schemas.PaymentSuccess); out.ProviderTxID != "SIM_"+reference {
		t.Errorf("refund: %+v", out)
	}
	again := refund(reference, 500)
	again.Original.ProviderTxID = "SIM_" + reference
	b.WantError(t, schemas.OpPaymentRefund, again, classRejected, "not_found") // it was given back
	if found := b.find(t, schemas.OpPaymentRefund, refundRef); found.Result != schemas.LookupCannotTell {
		t.Errorf("a refund cannot be asked about: %+v", found)
	}
	if sim, _ := b.net.SIM("airtel", ada); sim.Balance != 10_500 {
		t.Errorf("the payer has %d", sim.Balance)
	}
}

func TestAPayoutThatIsInProgressIsLookedUp(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{PayoutsInProgress: true}, simnet.Settings{})
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentPending)
	if found := b.find(t, schemas.OpPaymentDisburse, payoutRef); found.Result != schemas.LookupFoundPending {
		t.Errorf("meanwhile: %+v", found)
	}
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentDisburse, payoutRef); found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess {
		t.Errorf("after: %+v", found)
	}
}

func TestPrepareGivesOneReferenceAndAsksNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", "http://127.0.0.1:1") // nobody there
	seen := map[string]bool{}
	for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentRefund, schemas.OpPaymentDisburse} {
		for _, transaction := range []string{"TX_01ARZ3NDEKTSV4RRFFQ69G5FAV", "TX_01ARZ3NDEKTSV4RRFFQ69G5FAW"} {
			in := schemas.PaymentPrepareInput{Transaction: transaction, Operation: operation, Reference: "ORDER-1"}
			first, failure := b.Invoke(t, schemas.OpPaymentPrepare, in)
			again, _ := b.Invoke(t, schemas.OpPaymentPrepare, in)
			var out schemas.PaymentPrepareOutput
			if err := json.Unmarshal([]byte(first), &out); failure != nil || err != nil || first != again {
				t.Errorf("%s of %s: %s, then %s, %v", operation, transaction, first, again, failure)
			}
			if of, formed := operationOf(out.OperatorReference); !formed || of != operation {
				t.Errorf("%s tells %s, want %s", out.OperatorReference, of, operation)
			}
			seen[first] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d different references of 6 transactions", len(seen))
	}
}

func TestAnotherTransactionUnderTheReferenceIsNotOurs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":{"transaction":{"id":"`+other+`","status":"TS"}},"status":{"success":true}}`)
	}))
	found := b.find(t, schemas.OpPaymentCollect, reference)
	if found.Result != schemas.LookupFoundDifferent || len(found.Differences) != 1 || found.Differences[0].Found != other {
		t.Errorf("%+v", found)
	}
	if found := b.find(t, schemas.OpPaymentCollect, other); found.Result != schemas.LookupFoundFinal {
		t.Errorf("the other's own: %+v", found)
	}
}

func TestAProductionConnectionPlaysNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Environment = "production"
	in := payment()
	in.Scenario = "success"
	b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "scenario_in_production")
	b.WantError(t, "airtel.list_sims", map[string]any{}, classUnsupported, "sandbox_only")
	if n := b.asked("payments"); n != 0 {
		t.Errorf("%d payments were sent", n)
	}
}

func TestMoneyOfAnotherWalletIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := payment()
	in.Country = "CI"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_country")
	in = payment()
	in.Currency = "XOF"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_currency")
	for _, reference := range []string{"ORDER-1", "C-01", "C01", payoutRef, "C" + strings.Repeat("0", 64)} {
		in = payment()
		in.OperatorReference = reference
		b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "reference_form")
	}
	b.Set("pin", nil)
	b.WantError(t, schemas.OpPaymentDisburse, payout(), classUnsupported, "disbursement_not_set_up")
	if b.asked("payments")+b.asked("disbursements") != 0 {
		t.Errorf("something was sent: %+v", b.net.Counters().Requests)
	}
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	if failure := b.Check(t); failure != nil {
		t.Errorf("check: %v", failure)
	}
}
