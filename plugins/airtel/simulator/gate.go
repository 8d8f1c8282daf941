package simulator

import (
	"net/http"
	"strings"
)

const (
	headerCountry  = "X-Country"
	headerCurrency = "X-Currency"
	// headerScenario is the simulator's own: it forces the end of an order.
	headerScenario = "X-Sandbox-Scenario"
)

// place is where a wallet lives: its currency, and how numbers are there.
type place struct {
	currency, calling string
	digits            int // of a national number
}

// places are the countries by code. Airtel has more; the network has their
// numbers of these only.
func places() map[string]place {
	return map[string]place{"RW": {"RWF", "250", 9}}
}

// admit checks token, country, currency and, where it is asked for, the
// signature.
func (s *Simulator) admit(w http.ResponseWriter, rq *request) bool {
	text, bearer := strings.CutPrefix(rq.Header.Get("Authorization"), "Bearer ")
	client, holds := s.holds(text)
	where, known := places()[rq.Header.Get(headerCountry)]
	rq.client, rq.country, rq.place = client, rq.Header.Get(headerCountry), where
	switch {
	case !bearer || !holds:
		// Choice: the gateway's own body has no code.
		fail(w, http.StatusUnauthorized, "", "The access token is missing, invalid or expired")
	case !known:
		no(codeCountry, "Invalid country").write(w)
	case rq.Header.Get(headerCurrency) != where.currency:
		no(codeCurrency, "Invalid currency").write(w)
	case s.current().Signed && rq.Method == http.MethodPost && !s.signedRight(rq):
		no(codeSigned, "Signature mismatch").write(w)
	default:
		return true
	}
	return false
}
