package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// corePayment is the body of a payment in the core API.
type corePayment struct {
	Number        string `json:"subscriberMsisdn"`
	ChannelNumber string `json:"channelUserMsisdn"`
	Amount        string `json:"amount"`
	Description   string `json:"description"`
	OrderID       string `json:"orderId"`
	PIN           string `json:"pin"`
	PayToken      string `json:"payToken"`
	NotifyURL     string `json:"notifUrl"`
}

// coreAnswer is how the core API answers.
type coreAnswer struct {
	Simulated bool   `json:"_simulated"`
	LatencyMS int64  `json:"_latencyMs,omitempty"`
	Message   string `json:"message"`
	Data      any    `json:"data"`
}

// issue hands out the token of a payment to come.
func (s *Simulator) issue(w http.ResponseWriter, rq *request) {
	t := ticket{client: rq.client, payToken: newToken(), byCore: true, until: s.now().Add(s.patience())}
	s.put(t)
	reply(w, http.StatusOK, coreAnswer{Simulated: true, Message: "Payment request successfully initiated", Data: map[string]string{"payToken": t.payToken}})
}

// callingCode goes before the national numbers of the core API.
const callingCode = "+225"

// pay rings the payer's phone.
func (s *Simulator) pay(w http.ResponseWriter, rq *request) {
	var p corePayment
	if json.NewDecoder(io.LimitReader(rq.Body, maxBody)).Decode(&p) != nil {
		fail(w, bad("the body is no JSON of this call"))
		return
	}
	amount, no := s.checkPay(rq, p)
	if no == nil {
		no = s.ringCore(rq, p, amount)
	}
	if no != nil {
		fail(w, no)
		return
	}
	t, _ := s.ticket(p.PayToken)
	status := http.StatusOK
	body, outcome := s.coreBody(t)
	if outcome == schemas.PaymentInsufficientFunds { // found at once: only when the network does not wait
		status = http.StatusExpectationFailed
	}
	reply(w, status, body)
}

func (s *Simulator) checkPay(rq *request, p corePayment) (amount int64, no *refusal) {
	amount, err := strconv.ParseInt(p.Amount, 10, 64)
	t, found := s.ticket(p.PayToken)
	switch {
	case p.ChannelNumber != channelNumber || p.PIN != s.pin(rq.client):
		// Choice: the merchant's own PIN is a matter of rights, and no payment's.
		return 0, &refusal{http.StatusForbidden, 0, "channelUserMsisdn or pin is wrong", ""}
	case !found || !t.byCore || t.client != rq.client:
		return 0, &refusal{http.StatusNotFound, 0, "payToken is unknown", ""}
	case err != nil || amount < 1 || amount > maxAmount:
		return 0, bad("amount must be a text with a whole number above 0")
	case p.OrderID == "" || p.NotifyURL != "" && !web(p.NotifyURL):
		return 0, bad("orderId is missing, or notifUrl is no address")
	case len(p.Number) != len(channelNumber):
		return 0, bad("subscriberMsisdn must be a national number")
	}
	return amount, nil
}

func (s *Simulator) ringCore(rq *request, p corePayment, amount int64) *refusal {
	p.PIN = ""
	_, ok := s.begin(p.PayToken, func(t *ticket) {
		t.reference, t.text, t.amount, t.notifyURL, t.payment = p.OrderID, p.Description, amount, p.NotifyURL, p
	})
	if !ok {
		return &refusal{http.StatusConflict, 0, "payToken is used already, or expired", ""}
	}
	_, err := s.net.Begin(simnet.Order{
		Operator: Operator, Reference: p.OrderID, Kind: simnet.Collect, Account: rq.client, Number: callingCode + p.Number, Country: country,
		Currency: francs, Amount: amount, Text: p.Description, Scenario: rq.Header.Get(headerScenario), Native: p.PayToken,
	})
	if err != nil {
		s.unbegin(p.PayToken)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, simnet.ErrReused):
		// Choice: whether the core API refuses an order id that is used nobody
		// tells. The network's switch noDuplicateGuard lets it through.
		return &refusal{http.StatusConflict, 0, "orderId is used already", ""}
	case errors.Is(err, simnet.ErrOverloaded):
		return overloaded()
	}
	return bad(err.Error())
}

// push rings the phone again; the network's prompts wait anyway.
func (s *Simulator) push(w http.ResponseWriter, rq *request) { s.payStatus(w, rq) }

// payStatus tells how a payment stands.
func (s *Simulator) payStatus(w http.ResponseWriter, rq *request) {
	t, found := s.ticket(rq.PathValue("token"))
	if !found || !t.byCore || t.client != rq.client || !t.began {
		fail(w, &refusal{http.StatusNotFound, 0, "Transaction not found", ""}) // Choice: as of a web payment
		return
	}
	body, _ := s.coreBody(t)
	reply(w, http.StatusOK, body)
}
