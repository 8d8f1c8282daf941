package simnet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Scenario is how a forced order ends, after a time drawn between the two.
type Scenario struct {
	Outcome  schemas.PaymentStatus
	Min, Max time.Duration
}

// Scenarios are the ten that can be forced, by name.
func Scenarios() map[string]Scenario {
	ms := time.Millisecond
	return map[string]Scenario{
		"success":        {schemas.PaymentSuccess, 800 * ms, 1800 * ms},
		"pin_invalid":    {schemas.PaymentPINInvalid, 600 * ms, 1400 * ms},
		"low_balance":    {schemas.PaymentInsufficientFunds, 600 * ms, 1400 * ms},
		"timeout":        {schemas.PaymentTimeout, 25000 * ms, 35000 * ms},
		"blocked":        {schemas.PaymentAccountBlocked, 500 * ms, 1000 * ms},
		"cancelled":      {schemas.PaymentUserCancelled, 3000 * ms, 8000 * ms},
		"unknown_msisdn": {schemas.PaymentUnknownMSISDN, 400 * ms, 900 * ms},
		"limit_exceeded": {schemas.PaymentLimitExceeded, 500 * ms, 1000 * ms},
		"maintenance":    {schemas.PaymentServiceUnavailable, 200 * ms, 600 * ms},
		"duplicate":      {schemas.PaymentDuplicateReference, 200 * ms, 500 * ms},
	}
}

// scenarioOf is the scenario that ends in an outcome.
func scenarioOf(outcome schemas.PaymentStatus) Scenario {
	for _, s := range Scenarios() {
		if s.Outcome == outcome {
			return s
		}
	}
	return Scenario{}
}

func scenarioNamed(name string) (Scenario, error) {
	s, found := Scenarios()[name]
	if !found {
		return s, fmt.Errorf("scenario: %q is none; use one of %s", name, strings.Join(slices.Sorted(maps.Keys(Scenarios())), ", "))
	}
	return s, nil
}

// draw takes a latency of the scenario at random; the caller holds the lock.
func (n *Network) draw(s Scenario) time.Duration {
	if s.Max <= s.Min {
		return s.Min
	}
	return s.Min + time.Duration(n.random.Int64N(int64(s.Max-s.Min)+1)).Truncate(time.Millisecond)
}
