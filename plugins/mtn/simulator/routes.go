package simulator

import (
	"net/http"

	"github.com/afara-dev/afara/plugins/simnet"
)

// The products that a subscription key opens.
const (
	collection   = "collection"
	disbursement = "disbursement"
)

// request is one call on its way through the simulator.
type request struct {
	*http.Request
	product string
	user    string // the API user's id
	country string // of the target environment; empty: any
}

// operation is one call of MTN's API.
type operation struct {
	name    string
	product string // empty: the API users' own, which need no token
	do      func(w http.ResponseWriter, rq *request)
}

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, op := range s.operations() {
		mux.HandleFunc(pattern, s.serve(op))
	}
	s.controlRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "", "Resource not found")
	})
	return mux
}

func (s *Simulator) operations() map[string]operation {
	all := map[string]operation{
		"POST /v1_0/apiuser":             {name: "create_user", do: s.createUser},
		"GET /v1_0/apiuser/{id}":         {name: "user", do: s.readUser},
		"POST /v1_0/apiuser/{id}/apikey": {name: "create_key", do: s.createKey},
	}
	for _, product := range []string{collection, disbursement} {
		base := " /" + product
		// A token is asked for with the user's key, so its gate is its own.
		all["POST"+base+"/token/{$}"] = operation{name: "token", do: s.tokenOf(product)}
		all["GET"+base+"/v1_0/account/balance"] = operation{"balance", product, s.balance}
		all["GET"+base+"/v1_0/account/balance/{currency}"] = operation{"balance", product, s.balance}
		all["GET"+base+"/v1_0/accountholder/{type}/{id}/active"] = operation{"holder_active", product, s.holderActive}
		all["GET"+base+"/v1_0/accountholder/{type}/{id}/basicuserinfo"] = operation{"holder_info", product, s.holderInfo}
	}
	all["POST /collection/v1_0/requesttopay"] = operation{"requesttopay", collection, s.pay(simnet.Collect)}
	all["GET /collection/v1_0/requesttopay/{ref}"] = operation{"requesttopay_status", collection, s.status(simnet.Collect)}
	all["POST /collection/v1_0/requesttopay/{ref}/deliverynotification"] = operation{"deliverynotification", collection, s.deliver}
	s.payouts(all, "transfer", simnet.Payout, "v1_0")
	s.payouts(all, "deposit", simnet.Payout, "v1_0", "v2_0")
	s.payouts(all, "refund", simnet.Refund, "v1_0", "v2_0")
	return all
}

// payouts adds an operation of the disbursement product; its status is read
// under v1_0 whatever version it was asked under.
func (s *Simulator) payouts(all map[string]operation, name string, kind simnet.Kind, versions ...string) {
	for _, version := range versions {
		all["POST /disbursement/"+version+"/"+name] = operation{name, disbursement, s.pay(kind)}
	}
	all["GET /disbursement/v1_0/"+name+"/{ref}"] = operation{name + "_status", disbursement, s.status(kind)}
}

// serve is the way of every call: counted, bent by faults, let through the gate.
func (s *Simulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reference := r.PathValue("ref")
		if reference == "" {
			reference = r.Header.Get(headerReference)
		}
		call := simnet.Call{Operator: Operator, Operation: op.name, Reference: reference}
		s.net.Faulty(call, w, r, broken, func(w http.ResponseWriter, r *http.Request) {
			rq := &request{Request: r, product: op.product}
			if op.product == "" || s.admit(w, rq) {
				op.do(w, rq)
			}
		})
	}
}
