package simulator

import (
	"net/http"
	"strings"
)

const (
	headerKey         = "Ocp-Apim-Subscription-Key"
	headerReference   = "X-Reference-Id"
	headerEnvironment = "X-Target-Environment"
	headerCallback    = "X-Callback-Url"
	// headerScenario is the simulator's own: it forces the end of an order.
	headerScenario = "X-Sandbox-Scenario"
)

// environment is where a wallet lives.
type environment struct{ country, currency string }

// environments are MTN's names for the countries; of Togo there is none. The
// sandbox takes any currency, unless it is strict.
func environments() map[string]environment {
	return map[string]environment{
		"sandbox":       {},
		"mtnivorycoast": {"CI", "XOF"},
		"mtnbenin":      {"BJ", "XOF"},
		"mtnrwanda":     {"RW", "RWF"},
	}
}

func noSubscription(w http.ResponseWriter) {
	fail(w, http.StatusUnauthorized, "", "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.")
}

// admit checks subscription key, token and target environment.
func (s *Simulator) admit(w http.ResponseWriter, rq *request) bool {
	if !s.subscribes(rq.product, rq.Header.Get(headerKey)) {
		noSubscription(w)
		return false
	}
	text, bearer := strings.CutPrefix(rq.Header.Get("Authorization"), "Bearer ")
	id, holds := s.holds(text, rq.product)
	if !bearer || !holds {
		fail(w, http.StatusUnauthorized, "", "Access token is missing, invalid or expired.")
		return false
	}
	where, known := environments()[rq.Header.Get(headerEnvironment)]
	if !known {
		fail(w, http.StatusInternalServerError, codeEnvironment, "Access to target environment is forbidden.")
		return false
	}
	rq.user, rq.country = id, where.country
	return true
}

// currencyAllowed reports whether the wallet's environment has a currency.
func (s *Simulator) currencyAllowed(rq *request, currency string) bool {
	where := environments()[rq.Header.Get(headerEnvironment)]
	if where.currency != "" {
		return currency == where.currency
	}
	return !s.current().Strict || currency == "EUR"
}
