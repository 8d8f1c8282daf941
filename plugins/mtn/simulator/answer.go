package simulator

import (
	"encoding/json"
	"net/http"
)

// MTN's words for what is wrong.
const (
	codeNotFound     = "RESOURCE_NOT_FOUND"
	codeExists       = "RESOURCE_ALREADY_EXIST"
	codeUnavailable  = "SERVICE_UNAVAILABLE"
	codeEnvironment  = "NOT_ALLOWED_TARGET_ENVIRONMENT"
	codeCallbackHost = "INVALID_CALLBACK_URL_HOST"
	codeCurrency     = "INVALID_CURRENCY"
	codeInternal     = "INTERNAL_PROCESSING_ERROR"
	codeNotAllowed   = "NOT_ALLOWED"
)

// failure is MTN's error body.
type failure struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// fail answers an error. The gateway's own have no code.
func fail(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, failure{code, message})
}

// broken answers for an injected fault.
func broken(w http.ResponseWriter, status int) {
	code := codeInternal
	if status == http.StatusServiceUnavailable {
		code = codeUnavailable
	}
	fail(w, status, code, http.StatusText(status))
}

func reply(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		status, raw = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client is gone, nobody to tell
}
