package simulator

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// statusBody is a transaction in MTN's words. The members with an underscore are
// the simulator's own.
type statusBody struct {
	Simulated bool  `json:"_simulated"`
	LatencyMS int64 `json:"_latencyMs"`
	payment
	Status string `json:"status"`
	ID     string `json:"financialTransactionId,omitempty"`
	Reason any    `json:"reason,omitempty"`
}

// reasonObject is the other form of a reason.
type reasonObject struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *Simulator) status(kind simnet.Kind) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, rq *request) {
		t, found := s.net.Find(Operator, strings.ToLower(rq.PathValue("ref")))
		if !found || t.Kind != kind || t.Account != rq.user {
			fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
			return
		}
		reply(w, http.StatusOK, s.body(t))
	}
}

func (s *Simulator) body(t simnet.Transaction) statusBody {
	kept, _ := t.Native.(native) // of another simulator: nothing to tell
	status, reason := words(t)
	b := statusBody{Simulated: true, LatencyMS: t.LatencyMillis, payment: kept.payment, Status: status}
	if status == statusSuccessful {
		b.ID = "SIM_" + t.ID
	}
	if reason != "" {
		b.Reason = reason
		if s.current().ReasonObject {
			b.Reason = reasonObject{reason, strings.ToLower(strings.ReplaceAll(reason, "_", " "))}
		}
	}
	return b
}

// callback makes MTN's callback: the body of the status, without any proof.
func (s *Simulator) callback(t simnet.Transaction) (simnet.Callback, bool) {
	kept, ours := t.Native.(native)
	if !ours || kept.callback == "" {
		return simnet.Callback{}, false
	}
	raw, err := json.Marshal(s.body(t))
	return simnet.Callback{
		Method: s.current().CallbackVerb, URL: kept.callback, Body: raw,
		Header: http.Header{"Content-Type": {"application/json"}},
	}, err == nil
}

// deliver is asked for an extra notice to the payer.
func (s *Simulator) deliver(w http.ResponseWriter, rq *request) {
	if _, found := s.net.Find(Operator, strings.ToLower(rq.PathValue("ref"))); !found {
		fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
		return
	}
	w.WriteHeader(http.StatusOK)
}

const (
	statusSuccessful = "SUCCESSFUL"
	statusPending    = "PENDING"
	statusFailed     = "FAILED"
)

// words are MTN's status and reason of a transaction.
func words(t simnet.Transaction) (status, reason string) {
	switch {
	case t.Outcome == schemas.PaymentSuccess:
		return statusSuccessful, ""
	case t.Outcome == schemas.PaymentPending:
		return statusPending, ""
	case t.Code != "":
		return statusFailed, t.Code
	case t.Kind == simnet.Collect:
		return statusFailed, payerReasons()[t.Outcome]
	}
	return statusFailed, payeeReasons()[t.Outcome]
}

func payerReasons() map[schemas.PaymentStatus]string {
	return map[schemas.PaymentStatus]string{
		schemas.PaymentPINInvalid:         "PAYMENT_NOT_APPROVED",
		schemas.PaymentInsufficientFunds:  "NOT_ENOUGH_FUNDS",
		schemas.PaymentTimeout:            "EXPIRED",
		schemas.PaymentAccountBlocked:     codeNotAllowed,
		schemas.PaymentUserCancelled:      "APPROVAL_REJECTED",
		schemas.PaymentUnknownMSISDN:      "PAYER_NOT_FOUND",
		schemas.PaymentLimitExceeded:      "PAYER_LIMIT_REACHED",
		schemas.PaymentServiceUnavailable: codeUnavailable,
		schemas.PaymentDuplicateReference: codeExists,
	}
}

func payeeReasons() map[schemas.PaymentStatus]string {
	all := payerReasons()
	all[schemas.PaymentAccountBlocked] = "PAYEE_NOT_ALLOWED_TO_RECEIVE"
	all[schemas.PaymentUnknownMSISDN] = "PAYEE_NOT_FOUND"
	return all
}
