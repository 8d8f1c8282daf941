package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// party is a payer or payee.
type party struct {
	Country  string `json:"country"`
	Currency string `json:"currency"`
	MSISDN   string `json:"msisdn"`
}

// payment is the body of what moves money.
type payment struct {
	Reference   string `json:"reference"`
	Subscriber  *party `json:"subscriber"`
	Payee       *party `json:"payee"`
	PIN         string `json:"pin"`
	Transaction struct {
		Amount   json.Number `json:"amount"`
		Country  string      `json:"country"`
		Currency string      `json:"currency"`
		ID       string      `json:"id"`
		Type     string      `json:"type"`
		MoneyID  string      `json:"airtel_money_id"`
	} `json:"transaction"`
}

// collect takes a USSD push. Choice: the answer only ever says that it was taken,
// whatever becomes of it at once.
func (s *Simulator) collect(w http.ResponseWriter, rq *request) {
	p, refuse := rq.payment()
	if refuse == nil && p.Subscriber == nil {
		refuse = bad("subscriber is missing")
	}
	var t simnet.Transaction
	if refuse == nil {
		t, refuse = s.begin(simnet.Collect, rq, p, p.Subscriber)
	}
	if refuse == nil {
		refuse = forced(simnet.Collect, t.Scenario)
	}
	if refuse != nil {
		refuse.write(w)
		return
	}
	told(w, wrapped{transaction{ID: t.Reference, Status: "SUCCESS"}}, codeTaken, codePushed)
}

// payOut takes a payout, whose PIN is encrypted, and answers how far it is.
func (s *Simulator) payOut(w http.ResponseWriter, rq *request) {
	p, refuse := rq.payment()
	switch pin := s.unseal(p.PIN); {
	case refuse != nil:
	case p.Payee == nil:
		refuse = bad("payee is missing")
	case pin == nil: // Choice: a PIN that cannot be decrypted is a signature mismatch
		refuse = no(codeSealed, "The PIN cannot be decrypted")
	case string(pin) != s.pin(rq.client): // Choice: payouts have no code of their own for it
		refuse = no(codePIN, "Incorrect PIN")
	}
	var t simnet.Transaction
	if refuse == nil {
		t, refuse = s.begin(simnet.Payout, rq, p, p.Payee)
	}
	if refuse == nil {
		refuse = forced(simnet.Payout, t.Scenario)
	}
	if refuse != nil {
		refuse.write(w)
		return
	}
	s.tellPayout(w, t)
}

// tellPayout answers a payout or a refund. Choice: a refund is told in the words
// of a payout.
func (s *Simulator) tellPayout(w http.ResponseWriter, t simnet.Transaction) {
	e := s.envelope(t)
	data := e.Data.(wrapped)
	if t.Kind == simnet.Refund {
		data.Transaction = transaction{MoneyID: moneyID(t.Original), Status: data.Transaction.Status}
	} else {
		data.Transaction.ReferenceID = t.Reference
	}
	e.Data = data
	reply(w, http.StatusOK, e)
}

// payment reads the body.
func (rq *request) payment() (payment, *refusal) {
	var p payment
	if json.Unmarshal(rq.body, &p) != nil {
		return p, bad("the body is no JSON of this call")
	}
	return p, nil
}

var alphanumeric = regexp.MustCompile(`^[0-9A-Za-z]{4,64}$`)

// begin hands an order to the network.
func (s *Simulator) begin(kind simnet.Kind, rq *request, p payment, who *party) (simnet.Transaction, *refusal) {
	amount, err := p.Transaction.Amount.Int64()
	switch {
	case !alphanumeric.MatchString(p.Reference) || !alphanumeric.MatchString(p.Transaction.ID):
		return simnet.Transaction{}, bad("reference and transaction.id must have 4 to 64 letters and digits")
	case err != nil || amount < 1:
		return simnet.Transaction{}, bad("transaction.amount must be a whole number above 0") // RWF: no minor unit
	case kind == simnet.Collect && (p.Transaction.Country != rq.country || who.Country != rq.country):
		return simnet.Transaction{}, no(codeCountry, "Invalid country")
	case kind == simnet.Collect && (p.Transaction.Currency != rq.place.currency || who.Currency != rq.place.currency):
		return simnet.Transaction{}, no(codeCurrency, "Invalid currency")
	}
	number, ok := s.number(rq.place, who.MSISDN)
	if !ok {
		return simnet.Transaction{}, no(codeNumber, "Invalid MSISDN length")
	}
	t, err := s.net.Begin(simnet.Order{
		Operator: Operator, Reference: p.Transaction.ID, Kind: kind, Account: rq.client, Number: number,
		Country: rq.country, Currency: rq.place.currency, Amount: amount, Text: "Reference " + p.Reference,
		Scenario: rq.Header.Get(headerScenario), AtOnce: kind == simnet.Payout && !s.current().PayoutsInProgress,
	})
	return t, refused(kind, err)
}

// number reads a number in the form that is taken, and no other.
func (s *Simulator) number(at place, text string) (string, bool) {
	if s.current().NumberForm == international {
		var ours bool
		if text, ours = strings.CutPrefix(text, at.calling); !ours {
			return "", false
		}
	}
	number := "+" + at.calling + text
	_, err := msisdn.Parse(number)
	return number, err == nil && len(text) == at.digits
}

// refused is Airtel's answer for an order that the network does not take.
func refused(kind simnet.Kind, err error) *refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, simnet.ErrReused):
		return used(kind)
	case errors.Is(err, simnet.ErrOriginal), errors.Is(err, simnet.ErrRefundable):
		// Choice: of what was refunded before nothing is found to refund.
		return no(codeNotFound, "Transaction not found")
	case errors.Is(err, simnet.ErrOverloaded):
		return unavailable()
	}
	return bad(err.Error())
}

func used(kind simnet.Kind) *refusal {
	if kind == simnet.Collect {
		return no(codeUsed, "Transaction id is used already")
	}
	return no(codeUsedTwice, "Duplicate transaction id")
}

func unavailable() *refusal {
	return &refusal{http.StatusServiceUnavailable, codeGeneral, "Service unavailable"}
}

// forced is the answer to two scenarios, in which Airtel takes no order. Choice:
// the reference is found all the same, ended by the same code, so that a client
// that asks after a doubt learns how it ended.
func forced(kind simnet.Kind, scenario string) *refusal {
	switch scenario {
	case "maintenance":
		return unavailable()
	case "duplicate":
		return used(kind)
	}
	return nil
}
