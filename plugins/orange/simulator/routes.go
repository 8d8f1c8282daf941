package simulator

import (
	"net/http"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
)

const (
	// The headers are the simulator's own: one forces the end of an order, the
	// other says whose phone is rung before the payer has come to the page.
	headerScenario = "X-Sandbox-Scenario"
	headerNumber   = "X-Sandbox-Number"

	headerAuth = "X-AUTH-TOKEN"
)

// request is one call on its way through the simulator.
type request struct {
	*http.Request
	client string
}

// operation is one call of Orange's APIs.
type operation struct {
	name string
	gate gate
	do   func(w http.ResponseWriter, rq *request)
}

// gate is what a call has to show.
type gate int

const (
	open   gate = iota // its own, or nothing
	bearer             // an access token
	both               // an access token and the core API's own
)

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, op := range s.operations() {
		mux.HandleFunc(pattern, s.serve(op))
	}
	mux.HandleFunc("GET /payment/pay_token/{token}", s.showPage)
	mux.HandleFunc("POST /payment/pay_token/{token}", s.answerPage)
	s.controlRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, &refusal{http.StatusNotFound, 0, "Resource not found", ""})
	})
	return mux
}

func (s *Simulator) operations() map[string]operation {
	const webpay, core = " /orange-money-webpay/{place}/v1/", " /omcoreapis/1.0.2/mp/"
	return map[string]operation{
		"POST /oauth/v2/token":                 {"token", open, s.login},
		"POST /oauth/v3/token":                 {"token", open, s.login},
		"POST" + webpay + "webpayment":         {"webpayment", bearer, s.openPage},
		"POST" + webpay + "transactionstatus":  {"transactionstatus", bearer, s.pageStatus},
		"POST /token":                          {"token", open, s.login},
		"POST" + core + "init":                 {"init", both, s.issue},
		"POST" + core + "pay":                  {"pay", both, s.pay},
		"GET" + core + "push/{token}":          {"push", both, s.push},
		"GET" + core + "paymentstatus/{token}": {"paymentstatus", both, s.payStatus},
	}
}

// serve is the way of every call: counted, bent by faults, let through the gate.
func (s *Simulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		call := simnet.Call{Operator: Operator, Operation: op.name, Reference: s.referenceOf(r.PathValue("token"))}
		s.net.Faulty(call, w, r, broken, func(w http.ResponseWriter, r *http.Request) {
			rq := &request{Request: r}
			if no := s.admit(op.gate, rq); no != nil {
				fail(w, no)
				return
			}
			op.do(w, rq)
		})
	}
}

func (s *Simulator) admit(g gate, rq *request) *refusal {
	if g == open {
		return nil
	}
	text, given := strings.CutPrefix(rq.Header.Get("Authorization"), "Bearer ")
	client, holds := s.holds(text)
	switch place := rq.PathValue("place"); {
	case !given:
		return &refusal{http.StatusUnauthorized, codeNoCredentials, "Missing credentials", ""}
	case !holds:
		return &refusal{http.StatusUnauthorized, codeExpired, "Expired credentials", "The token is missing, invalid or expired."}
	case g == both && rq.Header.Get(headerAuth) != s.key(kindAuth, client):
		return &refusal{http.StatusUnauthorized, codeBad, "Invalid credentials", headerAuth + " is wrong"}
	case g == bearer && places()[place] == "":
		return &refusal{http.StatusForbidden, codeNotSubscribed, "Not subscribed", "The application may not use this API at " + place + "."}
	}
	rq.client = client
	return nil
}

// places are where the web payment API is, with the currency there.
func places() map[string]string { return map[string]string{"dev": "OUV", "ci": "XOF"} }
