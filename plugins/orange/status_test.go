package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// TestEachStatusSurvivesTheWayThroughOrangesWords plays every scenario, with the
// stand-in's hints: canonical, native, canonical again.
func TestEachStatusSurvivesTheWayThroughOrangesWords(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for scenario, s := range simnet.Scenarios() {
			t.Run(dialect+" "+scenario, func(t *testing.T) {
				t.Parallel()
				b := setup(t, dialect)
				if out := b.collect(t, played(scenario)); out.Status != schemas.PaymentPending {
					t.Fatalf("begun: %+v", out)
				}
				b.net.Pass(36 * time.Second)
				found := b.find(t)
				if found.Result != schemas.LookupFoundFinal || found.Status != s.Outcome {
					t.Errorf("%+v, want %s", found, s.Outcome)
				}
				if !regexp.MustCompile(`"_latencyMs":[1-9]`).Match(found.Raw) {
					t.Errorf("no latency in %s", found.Raw)
				}
			})
		}
	}
}

// TestWithoutHintsNoReasonIsGuessed is Orange as it is: webpay tells no reason,
// core one code.
func TestWithoutHintsNoReasonIsGuessed(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		for scenario, s := range simnet.Scenarios() {
			t.Run(dialect+" "+scenario, func(t *testing.T) {
				t.Parallel()
				want := s.Outcome
				told := want == schemas.PaymentSuccess || want == schemas.PaymentTimeout || dialect == core && want == schemas.PaymentInsufficientFunds
				if !told {
					want = schemas.PaymentServiceUnavailable
				}
				b := setupAs(t, dialect, simulator.Settings{NoHints: true}, simnet.Settings{})
				b.collect(t, played(scenario))
				b.net.Pass(36 * time.Second)
				if found := b.find(t); found.Status != want {
					t.Errorf("%+v, want %s", found, want)
				}
			})
		}
	}
}

func TestAConnectionSaysWhatOrangesTextsMean(t *testing.T) {
	t.Parallel()
	b := setup(t, core)
	b.Environment = "production"
	b.Set("reasons", []map[string]string{{"text": "CODE IS WRONG", "status": "PIN_INVALID"}})
	b.collect(t, payment())
	if _, err := b.net.Answer("orange", reference, simnet.WrongPIN, ""); err != nil {
		t.Fatal(err)
	}
	if found := b.find(t); found.Status != schemas.PaymentPINInvalid {
		t.Errorf("%+v", found)
	}
}

func TestABalanceThatIsTooLowEndsACorePaymentAtOnce(t *testing.T) {
	t.Parallel()
	b := setupAs(t, core, simulator.Settings{}, simnet.Settings{NoWait: true})
	b.put(t, simnet.SIM{Number: ada, Balance: 499})
	out := b.collect(t, payment()) // answered with 417
	if out.Status != schemas.PaymentInsufficientFunds || members(t, out.Raw)["inittxnstatus"] != "60019" {
		t.Errorf("%+v", out)
	}
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"message":"60019 :: Le solde du compte du payeur est insuffisant"}`)
	}))
	if out := b.collect(t, payment()); out.Status != schemas.PaymentInsufficientFunds {
		t.Errorf("by the message alone: %+v", out)
	}
}

func TestTheSIMsStateDecidesWithoutAScenario(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.put(t, simnet.SIM{Number: "+2250700000001", Blocked: true, Balance: 1_000})
		b.put(t, simnet.SIM{Number: "+2250700000002", Balance: 499})
		for number, want := range map[string]schemas.PaymentStatus{
			"+2250700000009": schemas.PaymentUnknownMSISDN,
			"+2250700000001": schemas.PaymentAccountBlocked,
			"+2250700000002": schemas.PaymentInsufficientFunds,
		} {
			in := payment()
			in.OperatorReference, in.MSISDN = "AF-"+number[1:], number
			b.collect(t, in)
			b.net.Pass(2 * time.Second)
			look := lookup(in.OperatorReference)
			look.MSISDN = number
			got, failure := b.Invoke(t, schemas.OpPaymentLookup, look)
			if failure != nil || !strings.Contains(got, string(want)) {
				t.Errorf("%s: %s, %v", want, got, failure)
			}
		}
		b.collect(t, payment())
		b.net.Pass(61 * time.Minute)
		if found := b.find(t); found.Status != schemas.PaymentTimeout || !strings.Contains(string(found.Raw), "EXPIRED") {
			t.Errorf("unanswered: %+v", found)
		}
	}
}
