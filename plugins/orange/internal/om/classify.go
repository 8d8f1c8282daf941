package om

import (
	"encoding/json"
	"net/http"

	"github.com/afara-dev/afara/sdk"
)

// Verdict is what an answer means. The zero value is success.
type Verdict struct {
	Class   sdk.Class
	Code    string
	Message string
	// Setting is the setting at fault, when Orange names one.
	Setting string
	// Orange and Text are Orange's own code and text.
	Orange, Text string
}

// failure is Orange's error body; core writes one without a code and begins the
// message with it.
type failure struct {
	Code        text `json:"code"`
	Message     text `json:"message"`
	Description text `json:"description"`
}

// Orange's codes: of its gateway, and from 1201 on of the web payment API.
const (
	codeNotSubscribed = "50"
	codeRate          = "53"
	codeForbidden     = "1201"
	codeMerchantKey   = "1202"
	codeCurrency      = "1203"
	codeDuplicate     = "1204"
)

// Classify reads an answer. effect says whether the call may have moved money:
// then whatever is not Orange's explicit refusal is an unknown outcome.
//
//   - Business codes come before the status, whose value clients do not agree on.
//   - An order id that is used says nothing about who used it.
func Classify(status int, body []byte, effect bool) Verdict {
	if status/100 == 2 {
		return Verdict{}
	}
	var f failure
	readable := object(body) && json.Unmarshal(body, &f) == nil
	code := string(f.Code)
	if code == "" {
		code = codeIn(f.Message)
	}
	v := verdict(status, code, readable, effect)
	v.Orange, v.Text = short(code), string(f.Message)
	if v.Text == "" {
		v.Text = string(f.Description)
	}
	return v
}

func verdict(status int, code string, readable, effect bool) Verdict {
	switch code {
	case codeMerchantKey:
		return Verdict{Class: sdk.Misconfigured, Code: "setting_refused", Setting: "/merchantKey", Message: "Orange refuses the merchant key"}
	case codeCurrency:
		return Verdict{Class: sdk.Misconfigured, Code: "setting_refused", Setting: "/currency", Message: "Orange refuses the currency at this place; its own tests are at the place dev"}
	case codeForbidden:
		return Verdict{Class: sdk.Misconfigured, Code: "not_allowed", Message: "Orange does not allow this call to the merchant; ask Orange to open it"}
	case codeDuplicate:
		return doubt(effect, "reference_used", "Orange knows this order id already")
	}
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusForbidden && code == codeRate:
		return Verdict{Class: sdk.RateLimited, Code: "rate_limited", Message: "Orange asks for fewer requests"}
	case status == http.StatusConflict:
		return doubt(effect, "reference_used", "Orange knows this order id already")
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		return doubt(effect, "operator_unavailable", "Orange is not available now")
	case status/100 != 4:
		return misled(effect)
	case !readable && effect: // a proxy's word is not Orange's
		return doubt(effect, "answer_unreadable", "the answer is not Orange's; a proxy may stand before it")
	}
	return refused(status, code, readable, effect)
}

func refused(status int, code string, readable, effect bool) Verdict {
	switch {
	case status == http.StatusUnauthorized:
		return Verdict{Class: sdk.Unauthorized, Code: "keys_refused", Message: "Orange refuses the credentials; check clientId and clientSecret, and authToken with core"}
	case status == http.StatusForbidden && code == codeNotSubscribed:
		return Verdict{Class: sdk.Misconfigured, Code: "not_subscribed", Message: "the application of clientId is not subscribed to this API at this place; ask Orange to open it"}
	case status == http.StatusForbidden:
		return Verdict{Class: sdk.Misconfigured, Code: "not_allowed", Message: "Orange forbids the call; ask Orange to open it to this application and this address"}
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotAcceptable:
		return Verdict{Class: sdk.Misconfigured, Code: "path_unknown", Message: "there is no such call at the base URL; check baseUrl, and place or corePath"}
	case !readable:
		return doubt(effect, "answer_unreadable", "the answer is not Orange's; a proxy may stand before it")
	}
	return Verdict{Class: sdk.Rejected, Code: "refused_by_operator", Message: "Orange refuses the request"}
}

// misled is an answer of no HTTP API at all: a redirect.
func misled(effect bool) Verdict {
	if effect {
		return doubt(effect, "redirected", "the base URL answers with a redirect")
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

// missing reports whether Orange said of a payment, in its own words, that it is
// not there; a wrong path is met before, by the payment itself.
func missing(status int, v Verdict) bool {
	return status == http.StatusNotFound && v.Text != ""
}
