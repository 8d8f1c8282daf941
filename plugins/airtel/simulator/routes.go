package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/afara-dev/afara/plugins/simnet"
)

// request is one call on its way through the simulator.
type request struct {
	*http.Request
	body    []byte
	client  string // the application's id
	country string
	place   place
}

// operation is one call of Airtel's API.
type operation struct {
	name string
	open bool // needs no token
	do   func(w http.ResponseWriter, rq *request)
}

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, op := range s.operations() {
		mux.HandleFunc(pattern, s.serve(op))
	}
	s.controlRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		// Choice: as of a web server, without any of Airtel's codes.
		reply(w, http.StatusNotFound, map[string]string{"message": "no Route matched with those values"})
	})
	return mux
}

// operations are the calls. What moves money has two versions, which differ in
// nothing that is known.
func (s *Simulator) operations() map[string]operation {
	all := map[string]operation{
		"POST /auth/oauth2/token":             {name: "token", open: true, do: s.giveToken},
		"GET /standard/v1/payments/{id}":      {name: "payments_status", do: s.enquiry(simnet.Collect)},
		"GET /standard/v1/disbursements/{id}": {name: "disbursements_status", do: s.enquiry(simnet.Payout)},
		"GET /standard/v1/users/balance":      {name: "balance", do: s.balance},
		"GET /standard/v1/users/{msisdn}":     {name: "user", do: s.holder},
		"GET /v1/rsa/encryption-keys":         {name: "encryption_keys", do: s.giveKey},
	}
	for _, version := range []string{"v1", "v2"} {
		all["POST /merchant/"+version+"/payments/{$}"] = operation{name: "payments", do: s.collect}
		all["POST /standard/"+version+"/disbursements/{$}"] = operation{name: "disbursements", do: s.payOut}
		all["POST /standard/"+version+"/payments/refund"] = operation{name: "refund", do: s.refund}
	}
	return all
}

// serve is the way of every call: counted, bent by faults, let through the gate.
func (s *Simulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rq := &request{}
		rq.body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody)) // what is cut off is no JSON
		r.Body = io.NopCloser(bytes.NewReader(rq.body))
		call := simnet.Call{Operator: Operator, Operation: op.name, Reference: referenceOf(r, rq.body)}
		s.net.Faulty(call, w, r, broken, func(w http.ResponseWriter, r *http.Request) {
			rq.Request = r
			if op.open || s.admit(w, rq) {
				op.do(w, rq)
			}
		})
	}
}

// referenceOf is what a call is about.
func referenceOf(r *http.Request, body []byte) string {
	if id := r.PathValue("id"); id != "" {
		return id
	}
	var p payment
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return p.Transaction.ID
}
