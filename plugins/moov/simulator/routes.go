package simulator

import (
	"net/http"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Where the two forms are served.
const (
	pathSOAP     = "/com.tlc.merchant.api/UssdPush"
	pathTransfer = "/sandbox/v1/transfer"
	pathHealth   = "/sandbox/v1/health"
)

// headerScenario is the simulator's own: it forces the end of an order.
const headerScenario = "X-Sandbox-Scenario"

const maxBody = 64 << 10

// request is one call on its way through the simulator.
type request struct {
	*http.Request
	merchant Account
	fields   map[string]string // the parameters, by name in small letters
}

// operation is one call of Moov's API.
type operation struct {
	// needs are the parameters without which the answer is 91.
	needs []string
	// reference names the parameter with the client's reference.
	reference string
	do        func(rq *request) answer
}

// operations are those of SOAP. airtimetrans is not among them: what it takes is
// not known.
func (s *Simulator) operations() map[string]operation {
	push := []string{"msisdn", "message", "amount"}
	return map[string]operation{
		"Push":                   {push, "externaldata1", s.push(true)},
		"PushWithPending":        {push, "externaldata1", s.push(false)},
		"getTransactionStatus":   {[]string{"transid"}, "transid", s.status},
		"transferFlooz":          {[]string{"destination", "amount", "referenceid", "walletid"}, "referenceid", s.transfer},
		"cashintrans":            {[]string{"destination", "amount", "referenceid"}, "referenceid", s.transfer},
		"getBalance":             {[]string{"msisdn"}, "", s.balance},
		"getMobileAccountStatus": {[]string{"msisdn"}, "", s.holder},
	}
}

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathSOAP, s.soap)
	mux.HandleFunc("POST "+pathTransfer, s.rest)
	mux.HandleFunc("GET "+pathHealth, s.health)
	s.controlRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, problem{"there is no such call; see the README of the connector"})
	})
	return mux
}

// faulty is the way of every call: counted, bent by faults.
func (s *Simulator) faulty(name, reference string, w http.ResponseWriter, r *http.Request, broken func(http.ResponseWriter, int), serve http.HandlerFunc) {
	s.net.Faulty(simnet.Call{Operator: Operator, Operation: name, Reference: reference}, w, r, broken, serve)
}
