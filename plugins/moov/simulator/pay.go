package simulator

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// payment is money to move, in the words of either form.
type payment struct {
	kind                            simnet.Kind
	number, amount, reference, text string
	// waits says that the answer comes once the payment has ended.
	waits bool
}

// push asks a payer. Choice: the client's reference is externaldata1.
func (s *Simulator) push(waits bool) func(*request) answer {
	return func(rq *request) answer {
		return s.pay(rq, payment{
			kind: simnet.Collect, number: rq.fields["msisdn"], amount: rq.fields["amount"], reference: rq.fields["externaldata1"],
			text: rq.fields["message"], waits: waits,
		})
	}
}

// transfer pays out, from the merchant's account.
func (s *Simulator) transfer(rq *request) answer {
	a := s.pay(rq, payment{
		kind: simnet.Payout, number: rq.fields["destination"], amount: rq.fields["amount"], reference: rq.fields["referenceid"], waits: true,
	})
	if a.code != codeDone {
		return a
	}
	after := s.net.Float(Operator, rq.merchant.Username, currency)
	amount, _ := strconv.ParseInt(rq.fields["amount"], 10, 64) // it moved
	a.more = []member{
		{"transactionid", a.id}, {"senderkeycost", "0"}, {"senderbonus", "0"},
		{"senderbalancebefore", millis(after + amount)}, {"senderbalanceafter", millis(after)},
	}
	return a
}

// pay takes an order. Choice: a reference that is used is refused as a duplicate
// unless the network's guard is off; no document tells of such a guard.
func (s *Simulator) pay(rq *request, p payment) answer {
	order, no := s.order(rq, p)
	if no != nil {
		return *no
	}
	t, err := s.net.Begin(*order)
	if err != nil {
		return refused(err)
	}
	s.ids.add(idOf(t), t.Reference)
	switch {
	case p.waits:
		ctx, cancel := context.WithTimeout(rq.Context(), s.current().wait())
		defer cancel()
		t, _ = s.net.Await(ctx, Operator, t.Reference)
	case order.Scenario == "maintenance":
		t.Outcome = schemas.PaymentServiceUnavailable
	case order.Scenario == "duplicate":
		t.Outcome = schemas.PaymentDuplicateReference
	default:
		t.Outcome = schemas.PaymentPending // whatever became of it at once, the status tells
	}
	return s.tell(t)
}

// refused is Moov's answer for an order that the network does not take.
func refused(err error) answer {
	switch {
	case errors.Is(err, simnet.ErrReused):
		return ends(schemas.PaymentDuplicateReference)
	case errors.Is(err, simnet.ErrOverloaded):
		return ends(schemas.PaymentServiceUnavailable)
	}
	return plain(codeParameters, err.Error())
}

// order reads a payment as an order of the network.
func (s *Simulator) order(rq *request, p payment) (*simnet.Order, *answer) {
	no := func(code, text string) (*simnet.Order, *answer) {
		a := plain(code, text)
		return nil, &a
	}
	number, known := numberOf(rq.merchant.Country, p.number)
	amount, err := strconv.ParseInt(p.amount, 10, 64) // XOF: no minor unit
	switch {
	case !known:
		return no(codeNumber, "Invalid number")
	case err != nil:
		return no(codeParameters, "amount must be a whole number")
	case amount < 1:
		return no(codeBelow, "Below the allowed amount")
	}
	if p.reference == "" {
		p.reference = rand.Text() // Choice: an order without a reference is one of its own
	}
	return &simnet.Order{
		Operator: Operator, Reference: p.reference, Kind: p.kind, Account: rq.merchant.Username, Number: number,
		Country: rq.merchant.Country, Currency: currency, Amount: amount, Text: p.text, Scenario: rq.Header.Get(headerScenario),
	}, nil
}

// numberOf reads a number in any form that clients have used: with the country's
// code, national, and national as it was before a prefix came in front.
func numberOf(country, text string) (string, bool) {
	code := callingCodes()[country]
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return "", false
	}
	full := "+" + text
	if !strings.HasPrefix(text, code) || len(text) <= maxNational {
		full = "+" + code + text
	}
	n, err := msisdn.Parse(full)
	if err != nil {
		return "", false
	}
	national, known := n.National()
	return "+" + code + national, known && len(national) <= maxNational
}

// maxNational is the longest national number of Moov's countries.
const maxNational = 10

func callingCodes() map[string]string {
	return map[string]string{"BJ": "229", "CI": "225", "TG": "228"}
}
