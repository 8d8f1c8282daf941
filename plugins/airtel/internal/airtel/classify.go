package airtel

import (
	"net/http"
	"slices"

	"github.com/afara-dev/afara/sdk"
)

// Verdict is what an answer means. The zero value is success.
type Verdict struct {
	Class   sdk.Class
	Code    string
	Message string
	// Airtel and Text are Airtel's own code and text.
	Airtel, Text string
}

const (
	codeInvalid       = "ESB000008"     // field validation
	codeUsed          = "ESB000041"     // the transaction id
	codeUsedPayout    = "DP00900001017" // likewise
	codeStatusUnknown = "ESB000014"     // the enquiry failed, whatever it was about
)

// Classify reads the answer to a call, by its code before its HTTP status: what
// Airtel refuses it may refuse with 200. effect says whether the call may have
// moved money: then whatever is not Airtel's explicit refusal is an unknown
// outcome, and so is a gateway that failed half-way. The zero Verdict of an
// effect says that the answer's code tells what became of it.
//
// A reference that is used says nothing about who used it.
func Classify(status int, body []byte, effect bool) Verdict {
	a, err := ParseAnswer(body)
	if !effect && status/100 == 2 && a.State != "" {
		return Verdict{} // the question was answered
	}
	v := verdict(status, a, err == nil, object(body), effect)
	v.Airtel, v.Text = short(a.Code), a.Message
	return v
}

func verdict(status int, a Answer, said, readable, effect bool) Verdict {
	if setting, ours := misconfigurations()[a.Code]; ours {
		return Misconfigured(setting, a.Code)
	}
	switch {
	case status == http.StatusTooManyRequests:
		return Verdict{Class: sdk.RateLimited, Code: "rate_limited", Message: "Airtel asks for fewer requests"}
	case status == http.StatusConflict, a.Code == codeUsed, a.Code == codeUsedPayout:
		return doubt(effect, "reference_used", "Airtel knows this reference already")
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, gateway(a.Code):
		return doubt(effect, "operator_unavailable", "Airtel is not available now")
	case status/100 != 2 && status/100 != 4:
		return misled(effect)
	case !readable && (effect || status/100 == 2): // a proxy's word is not Airtel's
		return unreadable(effect)
	case status == http.StatusUnauthorized:
		return Verdict{Class: sdk.Unauthorized, Code: "keys_refused", Message: "Airtel refuses the keys; check clientId and clientSecret"}
	case status == http.StatusForbidden:
		return Verdict{Class: sdk.Misconfigured, Code: "access_refused", Message: "Airtel forbids the call; ask Airtel to open the product for the application, and to allow the address that it comes from"}
	}
	return refused(status, a, said, effect)
}

// gateway reports whether a code says that Airtel's gateway failed, which leaves
// open what happened behind it.
func gateway(code string) bool {
	return slices.Contains([]string{"ESB000001", "ESB000004", "ESB000011", codeStatusUnknown}, code)
}

func refused(status int, a Answer, said, effect bool) Verdict {
	_, ended := codes()[a.Code]
	switch {
	case missing(a.Code):
		return Verdict{Class: sdk.Rejected, Code: "not_found", Message: "Airtel does not know what the request is about"}
	case a.Code == codeInvalid:
		return Verdict{Class: sdk.Rejected, Code: "refused_by_operator", Message: "Airtel refuses the request"}
	case effect && ended:
		return Verdict{}
	case status/100 == 2:
		return puzzling(a, said, effect)
	case !said && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		return Verdict{Class: sdk.Misconfigured, Code: "path_unknown", Message: "there is no such call at the base URL; check the settings baseUrl and apiVersion"}
	}
	return Verdict{Class: sdk.Rejected, Code: "refused_by_operator", Message: "Airtel refuses the request"}
}

// puzzling is a 200 whose code is in no table. Who says that it succeeded took
// the payment, and how it ends is not known; who says that it did not may have
// begun all the same.
func puzzling(a Answer, said, effect bool) Verdict {
	switch {
	case effect && !said:
		return unreadable(effect)
	case a.Refused:
		return doubt(effect, "code_unknown", "Airtel says that it did not succeed, with a code that is in no table")
	}
	return Verdict{}
}

// Misconfigured is the verdict on a fault of a setting.
func Misconfigured(setting, code string) Verdict {
	return Verdict{Class: sdk.Misconfigured, Code: "setting_refused", Message: "Airtel says " + code + "; check the setting " + setting[1:]}
}

// misled is an answer of no HTTP API at all: a redirect.
func misled(effect bool) Verdict {
	if effect {
		return doubt(effect, "redirected", "the base URL answers with a redirect")
	}
	return Verdict{Class: sdk.Misconfigured, Code: "redirected", Message: "the base URL answers with a redirect; set baseUrl to the final address"}
}

func unreadable(effect bool) Verdict {
	return doubt(effect, "answer_unreadable", "the answer is not Airtel's; a proxy may stand before it")
}

func doubt(effect bool, code, message string) Verdict {
	class := sdk.Unavailable
	if effect {
		class = sdk.UnknownOutcome
	}
	return Verdict{Class: class, Code: code, Message: message}
}
