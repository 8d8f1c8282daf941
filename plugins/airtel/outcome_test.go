package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// TestTheFirstAnswersCodeDecidesAlone has Airtel say of the transaction what its
// code denies.
func TestTheFirstAnswersCodeDecidesAlone(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]schemas.PaymentStatus{
		`{"data":{"transaction":{"status":"TS"}},"status":{"response_code":"DP00800001006","success":true}}`:       schemas.PaymentPending,
		`{"data":{"transaction":{"status":"SUCCESS"}},"status":{"response_code":"DP00800001007","success":false}}`: schemas.PaymentInsufficientFunds,
		`{"data":{"transaction":{"status":"SUCCESS"}},"status":{"response_code":"DP00800009999","success":true}}`:  schemas.PaymentPending,
	} {
		b := setup(t)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		b.Pay(t, schemas.OpPaymentCollect, payment(), want)
	}
}

// TestEachStatusSurvivesTheWayThroughAirtelsWords plays every scenario:
// canonical, native, canonical again.
func TestEachStatusSurvivesTheWayThroughAirtelsWords(t *testing.T) {
	t.Parallel()
	for scenario, s := range simnet.Scenarios() {
		for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentDisburse} {
			if operation == schemas.OpPaymentDisburse && scenario == "pin_invalid" {
				continue // nobody but the merchant enters a PIN there
			}
			t.Run(operation+" "+scenario, func(t *testing.T) {
				t.Parallel()
				b := setupAs(t, simulator.Settings{PayoutsInProgress: true}, simnet.Settings{NoWait: true})
				in := payment()
				if operation == schemas.OpPaymentDisburse {
					in = payout()
				}
				in.Scenario = scenario
				b.play(t, operation, in, s.Outcome)
				found := b.find(t, operation, in.OperatorReference)
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

// play sends a forced payment, which Airtel may refuse at once, or end at once.
func (b *bench) play(t *testing.T, operation string, in schemas.PaymentInput, outcome schemas.PaymentStatus) {
	t.Helper()
	switch {
	case in.Scenario == "maintenance":
		b.WantError(t, operation, in, classUnknown, "operator_unavailable")
	case in.Scenario == "duplicate":
		b.WantError(t, operation, in, classUnknown, "reference_used")
	case operation == schemas.OpPaymentCollect:
		b.Pay(t, operation, in, schemas.PaymentPending)
	default:
		b.Pay(t, operation, in, outcome)
	}
}

// TestEachEndOfARefundIsToldAtOnce plays what a look-up could not find.
func TestEachEndOfARefundIsToldAtOnce(t *testing.T) {
	t.Parallel()
	for scenario, s := range simnet.Scenarios() {
		b := setupAs(t, simulator.Settings{}, simnet.Settings{NoWait: true})
		in := payment()
		in.Scenario = "success"
		b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		r := refund(reference, 500)
		r.Scenario = scenario
		switch scenario {
		case "maintenance":
			b.WantError(t, schemas.OpPaymentRefund, r, classUnknown, "operator_unavailable")
		case "duplicate":
			b.WantError(t, schemas.OpPaymentRefund, r, classUnknown, "reference_used")
		default:
			b.Pay(t, schemas.OpPaymentRefund, r, s.Outcome)
		}
	}
}

// TestAFailureWithoutItsCodeIsNotGuessed takes the hints away: Airtel says TF
// and no more.
func TestAFailureWithoutItsCodeIsNotGuessed(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]schemas.PaymentStatus{
		"success": schemas.PaymentSuccess, "timeout": schemas.PaymentTimeout, // these have states of their own
		"low_balance": schemas.PaymentServiceUnavailable, "cancelled": schemas.PaymentServiceUnavailable,
		"blocked": schemas.PaymentServiceUnavailable, "pin_invalid": schemas.PaymentServiceUnavailable,
	} {
		b := setupAs(t, simulator.Settings{BareFailures: true}, simnet.Settings{NoWait: true})
		in := payment()
		in.Scenario = scenario
		b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		if found := b.find(t, schemas.OpPaymentCollect, reference); found.Result != schemas.LookupFoundFinal || found.Status != want {
			t.Errorf("%s: %+v, want %s", scenario, found, want)
		}
	}
}

func TestWhatIsAmbiguousStaysOpen(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{Ambiguous: true, PayoutsInProgress: true}, simnet.Settings{})
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentPending)
	for operation, reference := range map[string]string{schemas.OpPaymentCollect: reference, schemas.OpPaymentDisburse: payoutRef} {
		if found := b.find(t, operation, reference); found.Result != schemas.LookupFoundPending || !strings.Contains(string(found.Raw), `"TA"`) {
			t.Errorf("%+v", found)
		}
	}
	b.net.Pass(2 * time.Second)
	if found := b.find(t, schemas.OpPaymentDisburse, payoutRef); found.Status != schemas.PaymentSuccess {
		t.Errorf("in the end: %+v", found)
	}
}

func TestTheSIMsStateDecidesWithoutAScenario(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, simnet.SIM{Number: "+250730000001", Blocked: true, Balance: 1_000})
	b.put(t, simnet.SIM{Number: "+250730000002", Balance: 499})
	for i, c := range []struct {
		number string
		want   schemas.PaymentStatus
	}{
		{"+250730000009", schemas.PaymentUnknownMSISDN},
		{"+250730000001", schemas.PaymentAccountBlocked},
		{"+250730000002", schemas.PaymentInsufficientFunds},
	} {
		in := payment()
		in.OperatorReference, in.MSISDN = fmt.Sprintf("C000%d", i), c.number
		b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		b.net.Pass(2 * time.Second)
		if found := b.find(t, schemas.OpPaymentCollect, in.OperatorReference); found.Status != c.want {
			t.Errorf("%s: %+v", c.want, found)
		}
	}
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.net.Pass(61 * time.Minute)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentTimeout || !strings.Contains(string(found.Raw), `"TE"`) {
		t.Errorf("unanswered: %+v", found)
	}
	in := payment()
	in.OperatorReference, in.MSISDN = "C0009", "+25073012345" // a digit short
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentUnknownMSISDN)
}
