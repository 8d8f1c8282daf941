package simulator

import "github.com/afara-dev/afara/schemas"

// status tells of a transaction by Moov's own id, to the merchant whose it is.
func (s *Simulator) status(rq *request) answer {
	id := rq.fields["transid"]
	t, found := s.net.Find(Operator, s.ids.reference(id))
	if !found || idOf(t) != id || t.Account != rq.merchant.Username {
		return plain(codeMissing, "No such transaction")
	}
	return s.tell(t)
}

// balance is the merchant's. Choice: of any other number it is not permitted.
func (s *Simulator) balance(rq *request) answer {
	if number, known := numberOf(rq.merchant.Country, rq.fields["msisdn"]); !known || number != rq.merchant.MerchantNumber {
		return plain(codeNotPermitted, "Not permitted")
	}
	a := plain(codeDone, "Success")
	a.more = []member{{"balance", millis(s.net.Float(Operator, rq.merchant.Username, currency))}}
	return a
}

// holder tells whether a number has an account. Choice: nothing but the code, for
// what else Moov tells of an account is not known.
func (s *Simulator) holder(rq *request) answer {
	number, known := numberOf(rq.merchant.Country, rq.fields["msisdn"])
	if !known {
		return plain(codeNumber, "Invalid number")
	}
	sim, err := s.net.SIM(Operator, number)
	switch {
	case err != nil:
		return ends(schemas.PaymentUnknownMSISDN)
	case sim.Blocked:
		return ends(schemas.PaymentAccountBlocked)
	}
	return plain(codeDone, "Success")
}

// ends is an outcome of no transaction.
func ends(outcome schemas.PaymentStatus) answer {
	w := words()[outcome]
	return plain(w.code, w.text)
}
