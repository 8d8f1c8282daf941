package mbs

import (
	"net/http"
	"strings"

	"github.com/afara-dev/afara/sdk"
)

// Texts by which the authority's answers are told apart.
const (
	textBadKey    = "unable to validate api key"
	textUUID      = "invalid uuid"
	textAmbiguous = "try again later"
)

// busy are the texts that promise nothing: the first two are shared by "this
// invoice is registered already" and "the service is busy".
func busy() []string {
	return []string{
		textAmbiguous, "unable to complete this operation at this time",
		"temporarily unavailable", "please try again",
	}
}

// Verdict is what an answer means. The zero value is success.
type Verdict struct {
	Class   sdk.Class
	Code    string
	Message string
	// VendorText is the authority's own text.
	VendorText string
	Fields     []sdk.FieldError
}

// Classify reads an answer. effect says whether the call may have changed
// something at the authority: then whatever is not its explicit refusal is an
// unknown outcome.
//
//   - Wrong keys come as 400 with a certain text, not as 401.
//   - A text that names a field is a refusal of the document; one that names
//     the business is a fault of the connection.
//   - "Try again later" says either that the authority is busy or that the IRN
//     is registered already. Without effect that is unavailable.
func Classify(status int, body []byte, effect bool) Verdict {
	if status/100 == 2 {
		return Verdict{}
	}
	e, readable := parse(body)
	v := verdict(status, e, readable, effect)
	v.VendorText = e.said()
	return v
}

func verdict(status int, e Envelope, readable, effect bool) Verdict {
	switch {
	case status == http.StatusTooManyRequests:
		return Verdict{Class: sdk.RateLimited, Code: "rate_limited", Message: "the tax authority asks for fewer requests"}
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		return doubt(effect, "authority_unavailable", "the tax authority is not available now")
	case status/100 != 4:
		return misled(effect)
	case !readable && effect: // a proxy's word is not the authority's
		return doubt(effect, "answer_unreadable", "the answer is not the tax authority's; a proxy may stand before it")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return unauthorized()
	case e.Error == nil && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		return Verdict{Class: sdk.Misconfigured, Code: "path_unknown", Message: "there is no such call at the base URL; check the setting baseUrl"}
	case status == http.StatusRequestEntityTooLarge:
		return Verdict{Class: sdk.Rejected, Code: "too_large", Message: "the tax authority refuses an invoice of this size"}
	case !readable:
		return doubt(effect, "answer_unreadable", "the answer is not the tax authority's; a proxy may stand before it")
	case e.Error == nil:
		return unclear(status, effect)
	}
	return explain(status, e.Error, effect)
}

// explain reads the error object of a 4xx.
func explain(status int, f *Failure, effect bool) Verdict {
	details, public := strings.ToLower(string(f.Details)), strings.ToLower(string(f.Public))
	switch {
	case strings.Contains(details, textBadKey) || strings.Contains(public, textBadKey):
		return unauthorized()
	case contains(details, busy()) || details == "" && contains(public, busy()):
		return doubt(effect, "busy_or_registered", "the tax authority says only: try again later")
	case strings.Contains(details, textUUID) || strings.HasPrefix(details, "invoicerequest.businessid"):
		return Verdict{Class: sdk.Misconfigured, Code: "business_unknown", Message: "the tax authority does not accept the business or entity id of this connection; check businessId and entityId"}
	}
	fields := faults(f)
	if used(fields) {
		return doubt(effect, "reference_used", "the tax authority knows this irn already")
	}
	switch {
	case len(fields) > 0 && pointsTo(fields, "/business_id"):
		return Verdict{Class: sdk.Misconfigured, Code: "business_unknown", Message: "the tax authority does not accept the business id of this connection; check businessId", Fields: fields}
	case len(fields) > 0:
		return Verdict{Class: sdk.Rejected, Code: "refused_by_authority", Message: "the tax authority refuses the invoice: " + fields[0].Detail, Fields: fields}
	case status == http.StatusNotFound:
		return Verdict{Class: sdk.Rejected, Code: "not_found", Message: "the tax authority does not know this invoice"}
	}
	return unclear(status, effect)
}

func unauthorized() Verdict {
	return Verdict{Class: sdk.Unauthorized, Code: "keys_refused", Message: "the tax authority refuses the API key pair; check apiKey, apiSecret and the header names"}
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

// unclear is a refusal without a reason that anybody could act on. Where an
// effect may have happened that is a doubt; else it is a no.
func unclear(status int, effect bool) Verdict {
	if effect || status == http.StatusConflict {
		return doubt(effect, "refused_without_reason", "the tax authority refuses without naming a field")
	}
	return Verdict{Class: sdk.Rejected, Code: "refused_without_reason", Message: "the tax authority refuses the invoice without naming a field"}
}

// used reports a refusal because the IRN is known, which says nothing about
// whose request made it so.
func used(fields []sdk.FieldError) bool {
	for _, f := range fields {
		if d := strings.ToLower(f.Detail); f.Code == codeIRN && (strings.Contains(d, "exist") || strings.Contains(d, "duplicate")) {
			return true
		}
	}
	return false
}

func pointsTo(fields []sdk.FieldError, pointer string) bool {
	for _, f := range fields {
		if f.Pointer == pointer {
			return true
		}
	}
	return false
}

func contains(s string, any []string) bool {
	for _, part := range any {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}
