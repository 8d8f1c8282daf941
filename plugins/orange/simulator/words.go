package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// Orange's words for how a payment stands.
const (
	wordInitiated = "INITIATED"
	wordPending   = "PENDING"
	wordExpired   = "EXPIRED"
	wordSuccess   = "SUCCESS"
	wordSuccessLL = "SUCCESSFULL" // the core API's spelling
	wordFailed    = "FAILED"
)

const (
	codeFine    = "200"
	codeNoFunds = "60019"
)

// webBody is a web payment in Orange's words. The members with an underscore are
// the simulator's own, and so is the message.
type webBody struct {
	Simulated bool   `json:"_simulated"`
	LatencyMS int64  `json:"_latencyMs"`
	Status    string `json:"status"`
	OrderID   string `json:"order_id"`
	ID        string `json:"txnid"`
	Message   string `json:"message,omitempty"`
}

func (s *Simulator) webBody(t ticket) webBody {
	b := webBody{Simulated: true, OrderID: t.reference, Status: wordInitiated}
	switch order, found := s.net.Find(Operator, t.reference); {
	case t.began && found:
		b.LatencyMS, b.ID = order.LatencyMillis, txnID(order)
		b.Status, b.Message = s.webWords(order)
	case t.cancelled: // Choice: leaving the page is a failure, and is not notified
		b.Status, b.Message = wordFailed, s.text(schemas.PaymentUserCancelled)
	case !s.now().Before(t.until):
		b.Status = wordExpired
	}
	return b
}

func txnID(t simnet.Transaction) string { return "SIM_" + t.ID }

func (s *Simulator) webWords(t simnet.Transaction) (status, message string) {
	switch {
	case t.Outcome == schemas.PaymentSuccess:
		return wordSuccess, ""
	case t.Outcome == schemas.PaymentPending && t.Prompts:
		return wordInitiated, ""
	case t.Outcome == schemas.PaymentPending:
		return wordPending, ""
	case t.Outcome == schemas.PaymentTimeout:
		return wordExpired, ""
	}
	return wordFailed, s.text(t.Outcome)
}

// text says why a payment failed, with the status in brackets, so that it
// survives the way through words that do not tell it.
func (s *Simulator) text(outcome schemas.PaymentStatus) string {
	if s.current().NoHints {
		return ""
	}
	return texts()[outcome] + " [" + string(outcome) + "]"
}

// Choice: the texts. Clients tell one code alone.
func texts() map[schemas.PaymentStatus]string {
	return map[schemas.PaymentStatus]string{
		schemas.PaymentPINInvalid:         "The code is wrong",
		schemas.PaymentInsufficientFunds:  "The balance is too low",
		schemas.PaymentAccountBlocked:     "The account is blocked",
		schemas.PaymentUserCancelled:      "The customer refused",
		schemas.PaymentUnknownMSISDN:      "The customer is unknown",
		schemas.PaymentLimitExceeded:      "The limit is exceeded",
		schemas.PaymentServiceUnavailable: "The service is unavailable",
		schemas.PaymentDuplicateReference: "The reference is used",
	}
}

// coreData is a payment of the core API in Orange's words. The orderId is a
// choice: SandPay shows it, clients do not.
type coreData struct {
	ID             string  `json:"id"`
	CreateTime     string  `json:"createtime"`
	Number         string  `json:"subscriberMsisdn"`
	Amount         int64   `json:"amount"`
	PayToken       string  `json:"payToken"`
	TxnID          string  `json:"txnid"`
	TxnMode        string  `json:"txnmode"`
	InitMessage    string  `json:"inittxnmessage"`
	InitStatus     string  `json:"inittxnstatus"`
	ConfirmStatus  *string `json:"confirmtxnstatus"`
	ConfirmMessage *string `json:"confirmtxnmessage"`
	Status         string  `json:"status"`
	NotifyURL      string  `json:"notifUrl"`
	Description    string  `json:"description"`
	ChannelNumber  string  `json:"channelUserMsisdn"`
	OrderID        string  `json:"orderId"`
}

// coreBody is the answer about a payment, and its outcome so far.
func (s *Simulator) coreBody(t ticket) (coreAnswer, schemas.PaymentStatus) {
	order, _ := s.net.Find(Operator, t.reference)
	return s.coreWords(t, order), order.Outcome
}

func (s *Simulator) coreWords(t ticket, order simnet.Transaction) coreAnswer {
	d := coreData{
		ID: order.ID, CreateTime: strconv.FormatInt(order.BeganAt.Unix(), 10), Number: t.payment.Number, Amount: t.amount, PayToken: t.payToken,
		TxnID: txnID(order), TxnMode: "payment", InitMessage: "Payment request accepted", InitStatus: codeFine,
		NotifyURL: t.notifyURL, Description: t.text, ChannelNumber: channelNumber, OrderID: t.reference,
	}
	message := "Transaction retrieved"
	switch order.Outcome {
	case schemas.PaymentSuccess:
		d.Status, d.ConfirmStatus, d.ConfirmMessage = wordSuccessLL, ref(codeFine), ref("Payment confirmed")
	case schemas.PaymentPending:
		d.Status = wordPending
	case schemas.PaymentTimeout:
		d.Status = wordExpired
	case schemas.PaymentInsufficientFunds:
		message = codeNoFunds + " :: " + texts()[order.Outcome]
		d.Status, d.InitStatus, d.InitMessage = wordFailed, codeNoFunds, message
	default: // Choice: no code, for none is known
		d.Status, d.ConfirmMessage = wordFailed, ref(s.text(order.Outcome))
	}
	return coreAnswer{Simulated: true, LatencyMS: order.LatencyMillis, Message: message, Data: d}
}

func ref(s string) *string { return &s }

// notification makes Orange's push of how a payment ended: nobody signs it.
func (s *Simulator) notification(order simnet.Transaction) (simnet.Callback, bool) {
	payToken, ours := order.Native.(string)
	t, found := s.ticket(payToken)
	if !ours || !found || t.notifyURL == "" {
		return simnet.Callback{}, false
	}
	var body any = s.coreWords(t, order) // Choice: the core API pushes the body of its status
	if !t.byCore {
		status, _ := s.webWords(order)
		body = map[string]string{"status": status, "notif_token": t.notifyToken, "txnid": txnID(order)}
	}
	raw, err := json.Marshal(body)
	return simnet.Callback{Method: http.MethodPost, URL: t.notifyURL, Body: raw, Header: http.Header{"Content-Type": {"application/json"}}}, err == nil
}
