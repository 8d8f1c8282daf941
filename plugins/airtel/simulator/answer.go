package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Airtel's codes, of the gateway and of transactions.
const (
	codeTaken     = "ESB000010"
	codeGeneral   = "ESB000001"
	codeInvalid   = "ESB000008"
	codeNumber    = "ESB000033"
	codeNumber2   = "ESB000036"
	codeCountry   = "ESB000034"
	codeCurrency  = "ESB000035"
	codeUsed      = "ESB000041"
	codeNotFound  = "ESB000045"
	codePushed    = "DP00800001006"
	codeNoPush    = "DP00800001025"
	codeNoPayout  = "DP00900001015"
	codeUsedTwice = "DP00900001017"
	codePIN       = "DP00800001002"
	codeSigned    = "DP00800001026"
	codeSealed    = "DP00900001018"
	codeKeys      = "DP02010001001"
)

// envelope is the form of all answers. The members with an underscore are the
// simulator's own.
type envelope struct {
	Simulated bool   `json:"_simulated"`
	LatencyMS int64  `json:"_latencyMs,omitempty"`
	Data      any    `json:"data,omitempty"`
	Status    status `json:"status"`
}

type status struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Result   string `json:"result_code,omitempty"`
	Response string `json:"response_code,omitempty"`
	Success  bool   `json:"success"`
}

// refusal is an answer that does nothing.
type refusal struct {
	http          int
	code, message string
}

// bad is a body that breaks a rule.
func bad(message string) *refusal { return &refusal{http.StatusBadRequest, codeInvalid, message} }

// no is a refusal for what is asked. Choice: the HTTP status is 200, as of what
// is granted, so that a client has to read the code.
func no(code, message string) *refusal { return &refusal{http.StatusOK, code, message} }

func (f *refusal) write(w http.ResponseWriter) { fail(w, f.http, f.code, f.message) }

// fail answers an error. Codes of transactions stand in response_code, those of
// the gateway in result_code.
func fail(w http.ResponseWriter, httpStatus int, code, message string) {
	s := status{Code: strconv.Itoa(httpStatus), Message: message}
	if len(code) == len(codeTaken) {
		s.Result = code
	} else {
		s.Response = code
	}
	reply(w, httpStatus, envelope{Simulated: true, Status: s})
}

// told answers what was asked for.
func told(w http.ResponseWriter, data any, result, response string) {
	reply(w, http.StatusOK, envelope{Simulated: true, Data: data, Status: status{
		Code: "200", Message: "SUCCESS", Result: result, Response: response, Success: true,
	}})
}

// broken answers for an injected fault.
func broken(w http.ResponseWriter, httpStatus int) {
	code := ""
	if httpStatus >= http.StatusInternalServerError {
		code = codeGeneral
	}
	fail(w, httpStatus, code, http.StatusText(httpStatus))
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
