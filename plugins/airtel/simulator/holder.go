package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// balance tells what the merchant has. Choice: collections and payouts share one
// account, so that what was collected can be refunded.
func (s *Simulator) balance(w http.ResponseWriter, rq *request) {
	told(w, map[string]string{
		"balance":  strconv.FormatInt(s.net.Float(Operator, rq.client, rq.place.currency), 10),
		"currency": rq.place.currency, "account_status": "Active",
	}, codeTaken, "")
}

// holder tells whose a number is.
func (s *Simulator) holder(w http.ResponseWriter, rq *request) {
	number, ok := s.number(rq.place, rq.PathValue("msisdn"))
	if !ok {
		no(codeNumber, "Invalid MSISDN length").write(w)
		return
	}
	sim, err := s.net.SIM(Operator, number)
	if err != nil {
		no(codeNotFound, "User not found").write(w)
		return
	}
	first, last, _ := strings.Cut(sim.Name, " ")
	told(w, map[string]any{
		"first_name": first, "last_name": last, "grade": "SUBS", "is_barred": sim.Blocked, "is_pin_set": true,
		"msisdn": rq.PathValue("msisdn"), "registration": map[string]string{"status": "SUBS"},
	}, codeTaken, "")
}
