package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// TestEachStatusSurvivesTheWayThroughMoovsWords plays every scenario in both
// forms: canonical, native, canonical again. Without what the stand-in's texts
// tell beyond the code, ends that share a code come back as that code's.
func TestEachStatusSurvivesTheWayThroughMoovsWords(t *testing.T) {
	t.Parallel()
	lost := map[schemas.PaymentStatus]schemas.PaymentStatus{
		schemas.PaymentUserCancelled:      schemas.PaymentTimeout,
		schemas.PaymentPINInvalid:         schemas.PaymentServiceUnavailable,
		schemas.PaymentDuplicateReference: schemas.PaymentServiceUnavailable,
	}
	latency := regexp.MustCompile(`"_latencyMs":[1-9]`)
	for _, dialect := range []string{dialectSOAP, dialectREST} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprint(dialect, " ", plain), func(t *testing.T) {
				t.Parallel()
				b := setupAs(t, dialect, simulator.Settings{PlainTexts: plain}, simnet.Settings{NoWait: true})
				for scenario, s := range simnet.Scenarios() {
					for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentDisburse, schemas.OpPaymentRefund} {
						want := s.Outcome
						if told, merged := lost[want]; merged && plain {
							want = told
						}
						status, raw := b.play(t, operation, scenario)
						if status != want {
							t.Errorf("%s %s is %s, want %s: %s", operation, scenario, status, want, raw)
						}
						if !latency.Match(raw) || !strings.Contains(string(raw), `"_simulated":true`) {
							t.Errorf("%s %s: no latency in %s", operation, scenario, raw)
						}
					}
				}
			})
		}
	}
}

// play sends a forced payment and gives how it ended: by the answer, or by a
// look-up where that left it open.
func (b *bench) play(t *testing.T, operation, scenario string) (schemas.PaymentStatus, json.RawMessage) {
	t.Helper()
	p := payment()
	p.OperatorReference, p.Scenario = operation+"."+scenario, scenario
	in := any(p)
	if operation == schemas.OpPaymentRefund {
		r := refund(500)
		r.PaymentInput = p
		in = r
	}
	b.Forget()
	got, failure := b.Invoke(t, operation, in)
	var out schemas.PaymentOutput
	switch {
	case failure != nil && failure.GetClass() != classUnknown:
		t.Fatalf("%s: %v", operation, failure)
	case failure == nil:
		if err := json.Unmarshal([]byte(got), &out); err != nil {
			t.Fatal(err)
		}
	}
	if out.Status.Final() {
		return out.Status, out.Raw
	}
	found := b.find(t, operation)
	if found.Result != schemas.LookupFoundFinal {
		t.Fatalf("look-up: %+v", found)
	}
	return found.Status, found.Raw
}

func TestTheSIMsStateDecidesWithoutAScenario(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, simnet.SIM{Number: "+2290195000001", Blocked: true, Balance: 1_000})
	b.put(t, simnet.SIM{Number: "+2290195000002", Balance: 499})
	for i, c := range []struct {
		number string
		want   schemas.PaymentStatus
	}{
		{"+2290195000009", schemas.PaymentUnknownMSISDN},
		{"+2290195000001", schemas.PaymentAccountBlocked},
		{"+2290195000002", schemas.PaymentInsufficientFunds},
	} {
		in := payment()
		in.OperatorReference, in.MSISDN = fmt.Sprint("REF", i), c.number
		b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		if found := b.find(t, schemas.OpPaymentCollect); found.Status != c.want {
			t.Errorf("%s: %+v", c.want, found)
		}
	}
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.net.Pass(61 * time.Minute)
	if found := b.find(t, schemas.OpPaymentCollect); found.Status != schemas.PaymentTimeout || !strings.Contains(string(found.Raw), `"responseCode":"92"`) {
		t.Errorf("unanswered: %+v", found)
	}
}
