package simulator

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
)

// balance tells what the merchant has. Choice: collections and payouts share one
// account, so that what was collected can be refunded.
func (s *Simulator) balance(w http.ResponseWriter, rq *request) {
	currency := rq.PathValue("currency")
	if currency == "" {
		currency = environments()[rq.Header.Get(headerEnvironment)].currency
	}
	if currency == "" {
		currency = "EUR" // MTN's sandbox
	}
	if !s.currencyAllowed(rq, currency) {
		fail(w, http.StatusInternalServerError, codeCurrency, "Currency not supported.")
		return
	}
	reply(w, http.StatusOK, map[string]string{
		"availableBalance": strconv.FormatInt(s.net.Float(Operator, rq.user, currency), 10), "currency": currency,
	})
}

// holder finds an account holder, or answers that there is none.
func (s *Simulator) holder(w http.ResponseWriter, rq *request) (simnet.SIM, bool) {
	if !strings.EqualFold(rq.PathValue("type"), "msisdn") {
		fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
		return simnet.SIM{}, false
	}
	sim, err := s.net.SIM(Operator, "+"+rq.PathValue("id"))
	if err != nil {
		fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
	}
	return sim, err == nil
}

func (s *Simulator) holderActive(w http.ResponseWriter, rq *request) {
	if no, test := holderForced(rq); test {
		if no != nil {
			fail(w, no.status, no.code, no.message)
			return
		}
		reply(w, http.StatusOK, map[string]bool{"result": false})
		return
	}
	if sim, found := s.holder(w, rq); found {
		reply(w, http.StatusOK, map[string]bool{"result": !sim.Blocked})
	}
}

// holderForced is the answer that a test number asks for.
func holderForced(rq *request) (*refusal, bool) {
	text, test := strings.CutPrefix("+"+rq.PathValue("id"), testNumber)
	n, err := strconv.Atoi(text)
	if !test || err != nil || rq.Header.Get(headerEnvironment) != "sandbox" || n < 50 || n-50 >= len(holders()) {
		return nil, false
	}
	return holders()[n-50], true
}

func (s *Simulator) holderInfo(w http.ResponseWriter, rq *request) {
	sim, found := s.holder(w, rq)
	if !found {
		return
	}
	given, family, _ := strings.Cut(sim.Name, " ")
	reply(w, http.StatusOK, map[string]string{
		"sub": "sim-" + rq.PathValue("id"), "name": sim.Name, "given_name": given, "family_name": family,
	})
}
