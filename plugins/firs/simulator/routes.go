package simulator

import "net/http"

// operation is one call of the service's API.
type operation struct {
	name string
	// open calls need no key.
	open bool
	// portal calls are refused to the integrator's key pair of a business that
	// has a pair of its own for its access point.
	portal bool
	// early runs before the keys are checked.
	early func(rq *request) *answer
	// read finds the IRN that the call is about; its answer refuses the call.
	read func(rq *request) *answer
	do   func(rq *request) *answer
}

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, op := range s.operations() {
		mux.Handle(pattern, s.serve(op))
	}
	s.controlRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _ = noRoute().write(w) })
	return mux
}

func (s *Simulator) operations() map[string]operation {
	return map[string]operation{
		"GET /api":                             {name: "health", open: true, do: s.health},
		"GET /api/v1/invoice/resources/{name}": {name: "resources", open: true, do: s.resource},

		"GET /api/v1/entity":      {name: "entity", do: s.entities},
		"GET /api/v1/entity/{id}": {name: "entity", early: entityID, do: s.entity},

		"POST /api/v1/invoice/irn/validate":    {name: "irn_validate", read: s.readIRN, do: s.validateIRN},
		"POST /api/v1/invoice/validate":        {name: "validate", read: readInvoice, do: s.validate},
		"POST /api/v1/invoice/sign":            {name: "sign", read: readInvoice, do: s.sign},
		"GET /api/v1/invoice/confirm/{irn}":    {name: "confirm", read: pathIRN, do: s.confirm},
		"GET /api/v1/invoice/download/{irn}":   {name: "download", read: pathIRN, do: s.download},
		"GET /api/v1/invoice/{business}":       {name: "search", read: queryIRN, do: s.search},
		"PATCH /api/v1/invoice/update/{irn}":   {name: "update", read: pathIRN, do: s.update},
		"POST /api/v1/invoice/party":           {name: "party", do: s.addParty},
		"GET /api/v1/invoice/party/{business}": {name: "party", do: s.parties},

		"POST /api/v1/invoice/transmit/{irn}":               {name: "transmit", portal: true, read: pathIRN, do: s.transmit},
		"PATCH /api/v1/invoice/transmit/{irn}":              {name: "acknowledge", portal: true, read: pathIRN, do: s.acknowledge},
		"GET /api/v1/invoice/transmit/lookup/{irn}":         {name: "lookup", portal: true, read: pathIRN, do: s.lookupIRN},
		"GET /api/v1/invoice/transmit/lookup/tin/{tin}":     {name: "lookup", portal: true, do: s.lookupTIN},
		"GET /api/v1/invoice/transmit/lookup/party/{party}": {name: "lookup", portal: true, do: s.lookupParty},
		"GET /api/v1/invoice/transmit/self-health-check":    {name: "self_health", portal: true, do: s.selfHealth},
		"GET /api/v1/invoice/transmit/pull":                 {name: "pull", portal: true, do: s.pull},
		"POST /api/v1/vat/postpayment":                      {name: "postpayment", do: s.postPayment},
		"POST /api/v1/utilities/verify-tin/{$}":             {name: "verify_tin", do: s.verifyTIN},
		"POST /api/v1/utilities/authenticate":               {name: "authenticate", do: s.authenticate},
	}
}
