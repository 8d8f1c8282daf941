package flooz

import (
	"net/http"

	"github.com/afara-dev/afara/sdk"
)

// Verdict is what an answer means that decides nothing about a payment. The zero
// value is an answer that may.
type Verdict struct {
	Class   sdk.Class
	Code    string
	Message string
}

// Classify reads an answer by its HTTP status and by the codes that tell of the
// connection. readable says that it is Moov's. effect says whether the call may
// have moved money: then whatever is not Moov's explicit word is an unknown
// outcome.
//
// Moov answers most faults with 200 and a code, and SOAP faults with 400 and
// above.
func Classify(status int, a Answer, readable, effect bool) Verdict {
	decides := readable && !a.Fault && (a.Code != "" || !effect)
	switch {
	case decides && a.Code == codeKeys:
		return refusedKeys()
	case decides && a.Code == codeParameters:
		return Verdict{Class: sdk.Misconfigured, Code: "parameters_missing", Message: "Moov misses a parameter, or has another value of it; check partnerId, and ask Moov which ones it wants"}
	case status/100 == 2 && !decides, status/100 == 2 && effect && a.Code == codeMissing:
		return doubt(effect, "answer_unreadable", "the answer is not Moov's to this call; a proxy may stand before it")
	case status/100 == 2:
		return Verdict{}
	case status == http.StatusTooManyRequests:
		return Verdict{Class: sdk.RateLimited, Code: "rate_limited", Message: "Moov asks for fewer requests"}
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusConflict:
		return doubt(effect, "operator_unavailable", "Moov is not available now")
	case status/100 != 4:
		return misled(effect)
	}
	return refused(status, readable, effect)
}

func refused(status int, readable, effect bool) Verdict {
	switch {
	case !readable && effect: // a proxy's word is not Moov's
		return doubt(effect, "answer_unreadable", "the answer is not Moov's; a proxy may stand before it")
	case status == http.StatusUnauthorized:
		return refusedKeys()
	case status == http.StatusForbidden:
		return Verdict{Class: sdk.Misconfigured, Code: "address_refused", Message: "Moov forbids the call; ask Moov to allow the address that it comes from"}
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return Verdict{Class: sdk.Misconfigured, Code: "path_unknown", Message: "there is no such call at the base URL; check the settings baseUrl and path"}
	case !readable:
		return doubt(effect, "answer_unreadable", "the answer is not Moov's; a proxy may stand before it")
	}
	return Verdict{Class: sdk.Rejected, Code: "refused_by_operator", Message: "Moov refuses the request"}
}

func refusedKeys() Verdict {
	return Verdict{Class: sdk.Unauthorized, Code: "keys_refused", Message: "Moov refuses the credentials; check username, password and encryptionKey"}
}

// misled is an answer of no API at all: a redirect.
func misled(effect bool) Verdict {
	if effect {
		return doubt(true, "redirected", "the base URL answers with a redirect")
	}
	return Verdict{Class: sdk.Misconfigured, Code: "redirected", Message: "the base URL answers with a redirect; set baseUrl to the final address"}
}

func doubt(effect bool, code, message string) Verdict {
	class := sdk.Unavailable
	if effect {
		class = sdk.UnknownOutcome
	}
	return Verdict{Class: class, Code: code, Message: message}
}
