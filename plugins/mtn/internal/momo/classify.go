package momo

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
	// MTN and Text are MTN's own code and text.
	MTN, Text string
}

// failure is MTN's error body; its gateway writes one without a code.
type failure struct {
	Code    text `json:"code"`
	Message text `json:"message"`
}

const codeNotFound = "RESOURCE_NOT_FOUND"

// missing reports whether MTN said in its own words that it does not know a
// reference: a 404 of anybody else proves nothing.
func missing(status int, body []byte) bool {
	var f failure
	return status == http.StatusNotFound && json.Unmarshal(body, &f) == nil && word(f.Code) == codeNotFound
}

// Classify reads an answer. effect says whether the call may have moved money:
// then whatever is not MTN's explicit refusal is an unknown outcome.
//
//   - MTN answers faults of the configuration with 500 and a code.
//   - A reference that is used says nothing about who used it.
func Classify(status int, body []byte, effect bool) Verdict {
	if status/100 == 2 {
		return Verdict{}
	}
	var f failure
	readable := object(body) && json.Unmarshal(body, &f) == nil
	v := verdict(status, word(f.Code), readable, effect)
	v.MTN, v.Text = short(string(f.Code)), string(f.Message)
	return v
}

func verdict(status int, code string, readable, effect bool) Verdict {
	if setting, ours := misconfigurations()[code]; ours {
		return Misconfigured(setting, code)
	}
	switch {
	case status == http.StatusTooManyRequests:
		return Verdict{Class: sdk.RateLimited, Code: "rate_limited", Message: "MTN asks for fewer requests"}
	case code == "NOT_ALLOWED" && status >= 400:
		return Verdict{Class: sdk.Misconfigured, Code: "not_allowed", Message: "MTN does not allow this call to the API user; ask MTN to open the product for it"}
	case status == http.StatusConflict:
		return doubt(effect, "reference_used", "MTN knows this reference already")
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		return doubt(effect, "operator_unavailable", "MTN is not available now")
	case status/100 != 4:
		return misled(effect)
	case !readable && effect: // a proxy's word is not MTN's
		return doubt(effect, "answer_unreadable", "the answer is not MTN's; a proxy may stand before it")
	case status == http.StatusUnauthorized:
		return Verdict{Class: sdk.Unauthorized, Code: "keys_refused", Message: "MTN refuses the keys; check subscription key, apiUser and apiKey of the product"}
	case status == http.StatusForbidden:
		return Verdict{Class: sdk.Misconfigured, Code: "address_refused", Message: "MTN forbids the call; ask MTN to allow the address that it comes from"}
	}
	return refused(status, code, readable, effect)
}

func refused(status int, code string, readable, effect bool) Verdict {
	switch {
	case code == codeNotFound:
		return Verdict{Class: sdk.Rejected, Code: "not_found", Message: "MTN does not know what the request is about"}
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return Verdict{Class: sdk.Misconfigured, Code: "path_unknown", Message: "there is no such call at the base URL; check the setting baseUrl"}
	case !readable:
		return doubt(effect, "answer_unreadable", "the answer is not MTN's; a proxy may stand before it")
	}
	return Verdict{Class: sdk.Rejected, Code: "refused_by_operator", Message: "MTN refuses the request"}
}

// Misconfigured is the verdict on a fault of a setting.
func Misconfigured(setting, code string) Verdict {
	return Verdict{Class: sdk.Misconfigured, Code: "setting_refused", Message: "MTN says " + code + "; check the setting " + setting[1:]}
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
