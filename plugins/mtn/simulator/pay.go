package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// party is a payer or payee.
type party struct {
	Type string `json:"partyIdType"`
	ID   string `json:"partyId"`
}

// payment is the body of a request to pay, a transfer, deposit or refund.
type payment struct {
	Amount       string `json:"amount"`
	Currency     string `json:"currency"`
	ExternalID   string `json:"externalId"`
	Payer        *party `json:"payer,omitempty"`
	Payee        *party `json:"payee,omitempty"`
	PayerMessage string `json:"payerMessage"`
	PayeeNote    string `json:"payeeNote"`
	RefundOf     string `json:"referenceIdToRefund,omitempty"`
}

// native is what MTN keeps of a transaction beyond the network's own.
type native struct {
	payment
	callback string
}

const maxMessage = 160

// refusal is an answer that takes no order.
type refusal struct {
	status        int
	code, message string
}

func bad(message string) *refusal { return &refusal{http.StatusBadRequest, "", message} }

// pay takes an order: 202 and nothing else; its end comes later.
func (s *Simulator) pay(kind simnet.Kind) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, rq *request) {
		order, no := s.order(kind, rq)
		if no == nil {
			_, err := s.net.Begin(*order)
			no = refused(err)
		}
		if no == nil {
			no = forced(order.Scenario)
		}
		if no != nil {
			fail(w, no.status, no.code, no.message)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// forced is the answer to two scenarios, in which MTN takes no order. Choice:
// the reference is found all the same, ended by the same code, so that a client
// that asks after a doubt learns how it ended.
func forced(scenario string) *refusal {
	switch scenario {
	case "maintenance":
		return &refusal{http.StatusServiceUnavailable, codeUnavailable, "Service temporarily unavailable, try again later."}
	case "duplicate":
		return &refusal{http.StatusConflict, codeExists, "Duplicated reference id. Creation of resource failed."}
	}
	return nil
}

// refused is MTN's answer for an order that the network does not take.
func refused(err error) *refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, simnet.ErrReused):
		return &refusal{http.StatusConflict, codeExists, "Duplicated reference id. Creation of resource failed."}
	case errors.Is(err, simnet.ErrOriginal):
		return &refusal{http.StatusNotFound, codeNotFound, "Requested resource was not found."}
	case errors.Is(err, simnet.ErrOverloaded):
		return &refusal{http.StatusServiceUnavailable, codeUnavailable, "Service temporarily unavailable, try again later."}
	}
	return bad(err.Error()) // Choice: a refund above what is left is a bad request
}

// order reads a request as an order of the network.
func (s *Simulator) order(kind simnet.Kind, rq *request) (*simnet.Order, *refusal) {
	reference := rq.Header.Get(headerReference)
	if !uuid4.MatchString(reference) {
		return nil, bad("X-Reference-Id must be a UUID v4")
	}
	callback, no := s.callbackURL(rq)
	if no != nil {
		return nil, no
	}
	var p payment
	d := json.NewDecoder(io.LimitReader(rq.Body, maxBody))
	if d.Decode(&p) != nil {
		return nil, bad("the body is no JSON of this call")
	}
	amount, no := s.checked(rq, p)
	if no != nil {
		return nil, no
	}
	o := &simnet.Order{
		Operator: Operator, Reference: strings.ToLower(reference), Kind: kind, Account: rq.user, Country: rq.country,
		Currency: p.Currency, Amount: amount, Text: p.PayerMessage, Scenario: rq.Header.Get(headerScenario),
	}
	if no := s.parties(o, &p); no != nil {
		return nil, no
	}
	if country, known := msisdn.Number(o.Number).Country(); o.Country == "" && known {
		o.Country = string(country)
	}
	if rq.Header.Get(headerEnvironment) == "sandbox" {
		o.Force = forceOf(o)
	}
	o.Native = native{p, callback}
	return o, nil
}

// parties finds whose number an order is about.
func (s *Simulator) parties(o *simnet.Order, p *payment) *refusal {
	if o.Kind == simnet.Refund {
		o.Original, o.Number = strings.ToLower(p.RefundOf), nobody
		original, found := s.net.Find(Operator, o.Original)
		if found {
			o.Number = original.Number
			p.Payee = &party{"MSISDN", strings.TrimPrefix(original.Number, "+")}
		}
		return nil
	}
	who, role := p.Payer, "payer"
	if o.Kind == simnet.Payout {
		who, role = p.Payee, "payee"
	}
	switch {
	case who == nil:
		return bad(role + " is missing")
	case who.Type != "MSISDN": // Choice: the network knows people by number only
		return bad(role + ".partyIdType must be MSISDN here")
	case strings.HasPrefix(who.ID, "+"):
		return bad(role + ".partyId must have no plus sign")
	}
	if _, err := msisdn.Parse("+" + who.ID); err != nil {
		return bad(role + ".partyId must be a number with its country code")
	}
	o.Number = "+" + who.ID
	return nil
}

// checked holds a body to MTN's rules.
func (s *Simulator) checked(rq *request, p payment) (amount int64, no *refusal) {
	amount, err := strconv.ParseInt(p.Amount, 10, 64)
	switch {
	case err != nil || amount < 1:
		return 0, bad("amount must be a text with a whole number above 0") // XOF, RWF: no minor unit
	case !s.currencyAllowed(rq, p.Currency):
		return 0, &refusal{http.StatusInternalServerError, codeCurrency, "Currency not supported."}
	case p.ExternalID == "":
		return 0, bad("externalId is missing")
	case !message(p.PayerMessage) || !message(p.PayeeNote):
		return 0, bad("payerMessage and payeeNote have at most 160 characters and no apostrophe")
	}
	return amount, nil
}

func message(text string) bool {
	return utf8.RuneCountInString(text) <= maxMessage && !strings.ContainsAny(text, "'’")
}

// callbackURL reads the callback address, whose host must be the API user's.
func (s *Simulator) callbackURL(rq *request) (string, *refusal) {
	values, given := rq.Header[headerCallback]
	if !given {
		return "", nil
	}
	u, err := url.Parse(values[0])
	if err != nil || u.Host == "" {
		return "", bad("X-Callback-Url is no address")
	}
	owner, known := s.find(rq.user)
	strict := s.current().Strict && (u.Scheme != "https" || u.Port() != "")
	if strict || known && !strings.EqualFold(owner.callbackHost, u.Hostname()) {
		return "", &refusal{http.StatusInternalServerError, codeCallbackHost, "Callback URL with different host name then configured for API User."}
	}
	return values[0], nil
}
