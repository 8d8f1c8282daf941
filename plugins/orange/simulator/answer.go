package simulator

import (
	"encoding/json"
	"net/http"
)

// Orange's codes for what is wrong: of its gateway, and from 1201 on of the web
// payment API.
const (
	codeUnavailable   = 5
	codeNoCredentials = 40
	codeBad           = 41
	codeExpired       = 42
	codeNotSubscribed = 50
	codeRate          = 53
	codeMerchantKey   = 1202
	codeCurrency      = 1203
	codeDuplicate     = 1204
	// Choice: the codes of what clients have not told.
	codeInternal = 1
	codeInvalid  = 1200
)

// refusal is an error in Orange's words.
type refusal struct {
	status int

	Code        int    `json:"code,omitempty"`
	Message     string `json:"message"`
	Description string `json:"description,omitempty"`
}

func bad(message string) *refusal {
	return &refusal{http.StatusBadRequest, codeInvalid, "Invalid request", message}
}

func fail(w http.ResponseWriter, no *refusal) { reply(w, no.status, no) }

// broken answers for an injected fault.
func broken(w http.ResponseWriter, status int) {
	code := codeInternal
	switch status {
	case http.StatusServiceUnavailable:
		code = codeUnavailable
	case http.StatusUnauthorized:
		code = codeExpired
	case http.StatusForbidden:
		code = codeNotSubscribed
	}
	fail(w, &refusal{status, code, http.StatusText(status), ""})
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
