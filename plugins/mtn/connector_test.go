package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
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
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundPending || found.Status != schemas.PaymentPending {
		t.Fatalf("meanwhile: %+v", found)
	}
	b.Want(t, "mtn.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve", "pin": "1234"}, `{"status":"SUCCESS"}`)
	found := b.find(t, schemas.OpPaymentCollect, reference)
	if found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess || !strings.HasPrefix(found.ProviderTxID, "SIM_") {
		t.Fatalf("after: %+v", found)
	}
	var raw map[string]any
	if err := json.Unmarshal(found.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"amount": "500", "currency": "XOF", "externalId": "ORDER-1", "payer": "map[partyId:2250501234567 partyIdType:MSISDN]",
		"payerMessage": "Two beers", "payeeNote": "ORDER-1", "status": "SUCCESSFUL", "financialTransactionId": found.ProviderTxID, "_simulated": "true",
	} {
		if fmt.Sprint(raw[name]) != want {
			t.Errorf("raw has %s %v, want %s", name, raw[name], want)
		}
	}
	if sim, _ := b.net.SIM("mtn", ada); sim.Balance != 9_500 {
		t.Errorf("the payer has %d", sim.Balance)
	}
}

func TestPayoutsAndRefundsGoTheWholeWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Want(t, schemas.OpPaymentDisburse, payment(), pending)
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentDisburse, reference); found.Status != schemas.PaymentSuccess {
		t.Fatalf("payout: %+v", found)
	}
	b = setup(t)
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 200), classRejected, "not_found")
	in := payment()
	in.Scenario = "success"
	b.Want(t, schemas.OpPaymentCollect, in, pending)
	b.net.Pass(2 * time.Second)
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 501), classRejected, "refused_by_operator")
	b.Want(t, schemas.OpPaymentRefund, refund(reference, 500), pending)
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentRefund, other); found.Result != schemas.LookupFoundFinal || found.Status != schemas.PaymentSuccess {
		t.Fatalf("refund: %+v", found)
	}
	if sim, _ := b.net.SIM("mtn", ada); sim.Balance != 10_000 {
		t.Errorf("the payer has %d", sim.Balance)
	}
}

func TestPrepareGivesOneUUIDAndAsksNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", "http://127.0.0.1:1") // nobody there
	seen := map[string]bool{}
	for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentRefund, schemas.OpPaymentDisburse} {
		for _, transaction := range []string{"TX_1", "TX_2"} {
			in := schemas.PaymentPrepareInput{Transaction: transaction, Operation: operation, Reference: "ORDER-1"}
			first, failure := b.Invoke(t, schemas.OpPaymentPrepare, in)
			again, _ := b.Invoke(t, schemas.OpPaymentPrepare, in)
			var out schemas.PaymentPrepareOutput
			if err := json.Unmarshal([]byte(first), &out); failure != nil || err != nil || first != again || !uuid4.MatchString(out.OperatorReference) {
				t.Errorf("%s of %s: %s, then %s, %v", operation, transaction, first, again, failure)
			}
			seen[first] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d different references of 6 transactions", len(seen))
	}
}

// TestEachStatusSurvivesTheWayThroughMTNsWords plays every scenario with both
// forms of a reason: canonical, native, canonical again.
func TestEachStatusSurvivesTheWayThroughMTNsWords(t *testing.T) {
	t.Parallel()
	for _, object := range []bool{false, true} {
		for scenario, s := range simnet.Scenarios() {
			for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentDisburse, schemas.OpPaymentRefund} {
				t.Run(fmt.Sprint(operation, " ", scenario, " ", object), func(t *testing.T) {
					t.Parallel()
					b := setupAs(t, simulator.Settings{ReasonObject: object}, simnet.Settings{NoWait: true})
					id := b.play(t, operation, scenario)
					found := b.find(t, operation, id)
					if found.Result != schemas.LookupFoundFinal || found.Status != s.Outcome {
						t.Errorf("%+v, want %s", found, s.Outcome)
					}
					latency := regexp.MustCompile(`"_latencyMs":[1-9]`)
					if !latency.Match(found.Raw) {
						t.Errorf("no latency in %s", found.Raw)
					}
				})
			}
		}
	}
}

// play sends a forced payment and gives its reference.
func (b *bench) play(t *testing.T, operation, scenario string) string {
	t.Helper()
	in, id := any(nil), reference
	p := payment()
	p.Scenario = scenario
	in = p
	if operation == schemas.OpPaymentRefund {
		p.Scenario = "success"
		b.Want(t, schemas.OpPaymentCollect, p, pending)
		r := refund(reference, 500)
		r.Scenario = scenario
		in, id = r, other
	}
	switch scenario {
	case "maintenance":
		b.WantError(t, operation, in, classUnknown, "operator_unavailable")
	case "duplicate":
		b.WantError(t, operation, in, classUnknown, "reference_used")
	default:
		b.Want(t, operation, in, pending)
	}
	return id
}

func TestTheSIMsStateDecidesWithoutAScenario(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, simnet.SIM{Number: "+2250500000001", Blocked: true, Balance: 1_000})
	b.put(t, simnet.SIM{Number: "+2250500000002", Balance: 499})
	for i, c := range []struct {
		number string
		want   schemas.PaymentStatus
	}{
		{"+2250500000009", schemas.PaymentUnknownMSISDN},
		{"+2250500000001", schemas.PaymentAccountBlocked},
		{"+2250500000002", schemas.PaymentInsufficientFunds},
	} {
		in := payment()
		in.OperatorReference, in.MSISDN = fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02d", i), c.number
		b.Want(t, schemas.OpPaymentCollect, in, pending)
		b.net.Pass(2 * time.Second)
		look := lookup(schemas.OpPaymentCollect, in.OperatorReference)
		look.MSISDN = c.number
		got, failure := b.Invoke(t, schemas.OpPaymentLookup, look)
		if failure != nil || !strings.Contains(got, string(c.want)) {
			t.Errorf("%s: %s, %v", c.want, got, failure)
		}
	}
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	b.net.Pass(61 * time.Minute)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentTimeout || !strings.Contains(string(found.Raw), "EXPIRED") {
		t.Errorf("unanswered: %+v", found)
	}
}

func TestAnotherTransactionUnderTheReferenceIsNotOurs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	for field, change := range map[string]func(*schemas.PaymentLookupInput){
		"amount":   func(in *schemas.PaymentLookupInput) { in.Amount = 501 },
		"currency": func(in *schemas.PaymentLookupInput) { in.Currency = "RWF" },
		"msisdn":   func(in *schemas.PaymentLookupInput) { in.MSISDN = "+2250501234568" },
	} {
		in := lookup(schemas.OpPaymentCollect, reference)
		change(&in)
		got, failure := b.Invoke(t, schemas.OpPaymentLookup, in)
		var out schemas.PaymentLookupOutput
		if err := json.Unmarshal([]byte(got), &out); failure != nil || err != nil || out.Result != schemas.LookupFoundDifferent || len(out.Differences) != 1 || out.Differences[0].Field != field {
			t.Errorf("%s: %s, %v", field, got, failure)
		}
		if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentLookup), []byte(got)); err != nil {
			t.Error(err)
		}
	}
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"PENDING","amount":"500.00","currency":"XOF","payer":{"partyId":"22501234567"}}`)
	}))
	in := lookup(schemas.OpPaymentCollect, reference)
	in.MSISDN = "+22501234567" // eight digits, as of before 2021
	if got, failure := b.Invoke(t, schemas.OpPaymentLookup, in); !strings.Contains(got, "found_pending") {
		t.Errorf("the same in other words: %s, %v", got, failure)
	}
}

func TestAProductionConnectionPlaysNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Environment = "production"
	in := payment()
	in.Scenario = "success"
	b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "scenario_in_production")
	b.WantError(t, "mtn.list_sims", map[string]any{}, classUnsupported, "sandbox_only")
	if c := b.net.Counters(); c.Requests["mtn.requesttopay"] != 0 {
		t.Errorf("something was sent: %+v", c)
	}
}

func TestMoneyOfAnotherWalletIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := payment()
	in.Country = "BJ"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_country")
	in = payment()
	in.Currency = "RWF"
	b.WantError(t, schemas.OpPaymentCollect, in, classMisconfigured, "other_currency")
	in = payment()
	in.OperatorReference = "ORDER-1"
	b.WantError(t, schemas.OpPaymentCollect, in, classInvalid, "reference_form")
	b.Set("disbursementKey", nil)
	b.WantError(t, schemas.OpPaymentDisburse, payment(), classUnsupported, "disbursement_not_set_up")
	b.WantError(t, schemas.OpPaymentRefund, refund(reference, 1), classUnsupported, "disbursement_not_set_up")
	b.Want(t, schemas.OpPaymentCollect, payment(), pending)
	if failure := b.Check(t); failure != nil {
		t.Errorf("check: %v", failure)
	}
}
