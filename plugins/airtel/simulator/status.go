package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// transaction is one in Airtel's words.
type transaction struct {
	ReferenceID string `json:"reference_id,omitempty"`
	MoneyID     string `json:"airtel_money_id,omitempty"`
	ID          string `json:"id,omitempty"`
	Message     string `json:"message,omitempty"`
	Status      string `json:"status"`
}

// wrapped is a transaction as data holds it.
type wrapped struct {
	Transaction transaction `json:"transaction"`
}

func (s *Simulator) enquiry(kind simnet.Kind) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, rq *request) {
		t, found := s.net.Find(Operator, rq.PathValue("id"))
		switch {
		case found && t.Kind == kind && t.Account == rq.client:
			e := s.envelope(t)
			e.Status.Success = true // the enquiry did
			reply(w, http.StatusOK, e)
		case kind == simnet.Collect:
			no(codeNoPush, "Transaction not found").write(w)
		default:
			no(codeNoPayout, "Transaction not found").write(w)
		}
	}
}

// envelope is how far a transaction is.
func (s *Simulator) envelope(t simnet.Transaction) envelope {
	state, code := words(t)
	if state == stateProgress && s.current().Ambiguous {
		state, code = stateAmbiguous, series(t)+"1000"
	}
	message := strings.ToLower(strings.ReplaceAll(string(t.Outcome), "_", " "))
	body := transaction{ID: t.Reference, Message: message, Status: state}
	if t.Outcome == schemas.PaymentSuccess {
		body.MoneyID = moneyID(t.Reference)
	}
	if s.current().BareFailures && t.Outcome.Final() && t.Outcome != schemas.PaymentSuccess {
		// Choice: the code is that of the enquiry, which did succeed.
		body.Message, code = "", series(t)+"1001"
	}
	e := envelope{Simulated: true, LatencyMS: t.LatencyMillis, Data: wrapped{body}, Status: status{
		Code: "200", Message: message, Result: codeTaken, Response: code,
		Success: t.Outcome == schemas.PaymentSuccess || t.Outcome == schemas.PaymentPending,
	}}
	if len(code) == len(codeTaken) {
		e.Status.Result, e.Status.Response = code, ""
	}
	return e
}

const (
	stateSuccess   = "TS"
	stateFailed    = "TF"
	stateProgress  = "TIP"
	stateAmbiguous = "TA"
	stateExpired   = "TE"
)

// series begins the codes of a transaction's product.
func series(t simnet.Transaction) string {
	if t.Kind == simnet.Collect {
		return "DP0080000"
	}
	return "DP0090000"
}

// words are Airtel's state and code of a transaction.
func words(t simnet.Transaction) (state, code string) {
	switch t.Outcome {
	case schemas.PaymentSuccess:
		return stateSuccess, series(t) + "1001"
	case schemas.PaymentPending:
		return stateProgress, series(t) + "1006"
	case schemas.PaymentTimeout: // Choice: payouts have no code of their own for it
		return stateExpired, "DP00800001029"
	}
	if t.Kind == simnet.Collect {
		return stateFailed, payerCodes()[t.Outcome]
	}
	return stateFailed, payeeCodes()[t.Outcome]
}

func payerCodes() map[schemas.PaymentStatus]string {
	return map[schemas.PaymentStatus]string{
		schemas.PaymentPINInvalid:         codePIN,
		schemas.PaymentInsufficientFunds:  "DP00800001007",
		schemas.PaymentAccountBlocked:     "DP00800001010",
		schemas.PaymentUserCancelled:      "DP00800001008",
		schemas.PaymentUnknownMSISDN:      codeNumber2,
		schemas.PaymentLimitExceeded:      "DP00800001003",
		schemas.PaymentServiceUnavailable: codeGeneral,
		schemas.PaymentDuplicateReference: codeUsed,
	}
}

func payeeCodes() map[schemas.PaymentStatus]string {
	return map[schemas.PaymentStatus]string{
		schemas.PaymentPINInvalid:         codePIN, // Choice: payouts have no code of their own for it
		schemas.PaymentInsufficientFunds:  "DP00900001007",
		schemas.PaymentAccountBlocked:     "DP00900001010",
		schemas.PaymentUserCancelled:      "DP00900001013",
		schemas.PaymentUnknownMSISDN:      "DP00900001012",
		schemas.PaymentLimitExceeded:      "DP00900001003",
		schemas.PaymentServiceUnavailable: "DP00900001005",
		schemas.PaymentDuplicateReference: codeUsedTwice,
	}
}

// pushed is the transaction of a callback: it gives no reason.
type pushed struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	State   string `json:"status_code"`
	MoneyID string `json:"airtel_money_id,omitempty"`
}

// callback makes Airtel's callback. Choice: payouts have them as collections do;
// refunds, which carry nothing of the client's, have none.
func (s *Simulator) callback(t simnet.Transaction) (simnet.Callback, bool) {
	to := s.merchant(t.Account)
	if t.Kind == simnet.Refund || to.callbackURL == "" {
		return simnet.Callback{}, false
	}
	state, _ := words(t)
	if state == stateExpired {
		state = stateFailed // a callback knows two ends
	}
	body := pushed{ID: t.Reference, Message: "Transaction " + state, State: state}
	if t.Outcome == schemas.PaymentSuccess {
		body.MoneyID = moneyID(t.Reference)
	}
	inner, err := json.Marshal(body)
	if err != nil {
		return simnet.Callback{}, false
	}
	push := map[string]any{"transaction": json.RawMessage(inner)}
	if to.hash {
		push["hash"] = s.hash(t, inner)
	}
	raw, err := json.Marshal(push)
	return simnet.Callback{
		Method: http.MethodPost, URL: to.callbackURL, Body: raw,
		Header: http.Header{"Content-Type": {"application/json"}},
	}, err == nil
}

// hash proves a callback. One that tells another end than the network knows was
// forged, by somebody who has no key.
func (s *Simulator) hash(t simnet.Transaction, inner []byte) string {
	key := s.callbackKey(t.Account)
	if now, _ := s.net.Find(Operator, t.Reference); t.Outcome.Final() && now.Outcome != t.Outcome {
		key = "a guess"
	}
	m := hmac.New(sha256.New, []byte(key))
	m.Write(inner)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
