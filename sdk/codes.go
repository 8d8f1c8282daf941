package sdk

import "github.com/afara-dev/afara/schemas"

// StandardErrors are the errors of the SDK itself, which a manifest need not
// declare: those of the contract's calls and those of the HTTP client.
func StandardErrors() []schemas.ErrorCode {
	return []schemas.ErrorCode{
		{Code: "base_url_invalid", Classes: classes(Misconfigured), Title: "The vendor's address is not one.", Fix: "Correct it in the settings."},
		{Code: codeCut, Classes: classes(Unavailable, UnknownOutcome), Title: "The engine gave the call up: its deadline passed, or the process had to end."},
		{Code: "document_unreadable", Classes: classes(Internal), Title: "The document cannot be decoded."},
		{Code: "document_unsupported", Classes: classes(Unsupported), Title: "The operation takes documents of another schema, or the call has none."},
		{Code: "no_answer", Classes: classes(UnknownOutcome), Title: "A request with an effect went out and no answer came."},
		{Code: "not_started", Classes: classes(Unavailable), Title: "The deadline for starting a request with an effect had passed: nothing was sent."},
		{Code: "operation_unknown", Classes: classes(Unsupported), Title: "The connector has no such operation."},
		{Code: "panic", Classes: classes(Internal, UnknownOutcome), Title: "The connector broke down inside the call.", Fix: "Its log has the place; tell its author."},
		{Code: "parameters_invalid", Classes: classes(Invalid), Title: "The parameters break the operation's schema; each fault is named."},
		{Code: "parameters_unreadable", Classes: classes(Internal), Title: "The parameters fit the schema and not the connector's type."},
		{Code: "request_invalid", Classes: classes(Internal), Title: "The connector made no proper request."},
		{Code: "request_unwritable", Classes: classes(Internal), Title: "The connector cannot encode its request."},
		{Code: "result_missing", Classes: classes(Internal), Title: "The connector's handler answered nothing."},
		{Code: "result_unreadable", Classes: classes(Internal, UnknownOutcome), Title: "The connector's handler answered no JSON."},
		{Code: "result_unwritable", Classes: classes(Internal, UnknownOutcome), Title: "The connector cannot encode its result."},
		{Code: "second_effect", Classes: classes(UnknownOutcome), Title: "The connector tried a second request with an effect in one call; it was not sent."},
		{Code: "settings_invalid", Classes: classes(Misconfigured), Title: "The settings break the manifest's schema; each fault is named.", Fix: "Correct the settings."},
		{Code: "credential_unreadable", Classes: classes(Misconfigured), Title: "The stored credential does not fit the connector's type."},
		{Code: "settings_unreadable", Classes: classes(Misconfigured), Title: "The settings fit the schema and not the connector's type."},
		{Code: "state_too_large", Classes: classes(Internal, UnknownOutcome), Title: "The connector left more state than is kept."},
		{Code: "stream_unknown", Classes: classes(Unsupported), Title: "The connector has no such stream."},
		{Code: "unclassified", Classes: classes(Internal, UnknownOutcome), Title: "The connector failed without saying why.", Fix: "Its log may; tell its author."},
		{Code: "vendor_answer_unreadable", Classes: classes(Unavailable, UnknownOutcome), Title: "The vendor's answer is not the expected JSON."},
		{Code: "vendor_path_unknown", Classes: classes(Misconfigured, UnknownOutcome), Title: "The vendor has no such path.", Fix: "Check its address in the settings."},
		{Code: "vendor_rate_limit", Classes: classes(RateLimited, UnknownOutcome), Title: "The vendor wants fewer requests."},
		{Code: "vendor_redirected", Classes: classes(Misconfigured, UnknownOutcome), Title: "The vendor answered with a redirect, which is not followed.", Fix: "Set its final address."},
		{Code: "vendor_refused", Classes: classes(Rejected, UnknownOutcome), Title: "The vendor refused, for good."},
		{Code: "vendor_unauthorized", Classes: classes(Unauthorized, UnknownOutcome), Title: "The vendor refused the credentials.", Fix: "Renew them; the connection resumes when its check passes."},
		{Code: "vendor_unavailable", Classes: classes(Unavailable, UnknownOutcome), Title: "The vendor cannot answer now, or leaves open what it did."},
		{Code: "vendor_unreachable", Classes: classes(Unavailable), Title: "No connection to the vendor: nothing was sent."},
		{Code: "webhook_unknown", Classes: classes(Unsupported), Title: "The connector has no such kind of webhook."},
	}
}

func classes(list ...Class) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}
