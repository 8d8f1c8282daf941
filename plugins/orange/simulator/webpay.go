package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
)

// webpayment is the body that opens a page.
type webpayment struct {
	MerchantKey string `json:"merchant_key"`
	Currency    string `json:"currency"`
	OrderID     string `json:"order_id"`
	Amount      int64  `json:"amount"`
	ReturnURL   string `json:"return_url"`
	CancelURL   string `json:"cancel_url"`
	NotifyURL   string `json:"notif_url"`
	Language    string `json:"lang"`
	Reference   string `json:"reference"`
}

const (
	maxOrderID = 30
	maxAmount  = 900_000_000_000_000
)

func (p webpayment) check() string {
	switch {
	case p.OrderID == "" || len(p.OrderID) > maxOrderID:
		return "order_id must have 1 to 30 characters"
	case p.Amount < 1 || p.Amount > maxAmount:
		return "amount must be a whole number above 0"
	case !web(p.ReturnURL) || !web(p.CancelURL):
		return "return_url and cancel_url must be addresses"
	case p.NotifyURL != "" && !web(p.NotifyURL): // Choice: it may be left out
		return "notif_url must be an address"
	}
	return ""
}

func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// francs is what the books are kept in. Choice: the dev place's OUV are francs,
// so that a SIM works at both.
const francs = "XOF"

const country = "CI"

// openPage opens a page for a payment. With the header of a number the payer's
// phone is rung at once, as if the payer had come to the page.
func (s *Simulator) openPage(w http.ResponseWriter, rq *request) {
	var p webpayment
	if json.NewDecoder(io.LimitReader(rq.Body, maxBody)).Decode(&p) != nil {
		fail(w, bad("the body is no JSON of this call"))
		return
	}
	if no := s.checkPage(rq, p); no != nil {
		fail(w, no)
		return
	}
	t, no := s.newPage(rq, p)
	if number := rq.Header.Get(headerNumber); no == nil && number != "" {
		if no = s.ring(t.payToken, number, rq.Header.Get(headerScenario)); no != nil {
			s.drop(t)
		}
	}
	if no != nil {
		fail(w, no)
		return
	}
	reply(w, http.StatusCreated, map[string]any{
		"_simulated": true, "status": http.StatusCreated, "message": "OK",
		"pay_token": t.payToken, "payment_url": base(rq.Request) + "/payment/pay_token/" + t.payToken, "notif_token": t.notifyToken,
	})
}

func (s *Simulator) checkPage(rq *request, p webpayment) *refusal {
	wrong := p.check()
	switch {
	case p.MerchantKey != s.key(kindMerchant, rq.client):
		return &refusal{http.StatusBadRequest, codeMerchantKey, "Invalid merchant key", ""}
	case p.Currency != places()[rq.PathValue("place")]:
		return &refusal{http.StatusBadRequest, codeCurrency, "Currency not supported", ""}
	case wrong != "":
		return bad(wrong)
	case rq.Header.Get(headerScenario) != "" && rq.Header.Get(headerNumber) == "":
		return bad(headerScenario + " goes with " + headerNumber)
	}
	return nil
}

// newPage makes the ticket of a page, unless the order id is used.
func (s *Simulator) newPage(rq *request, p webpayment) (ticket, *refusal) {
	t := ticket{
		client: rq.client, payToken: newToken(), notifyToken: newToken(), until: s.now().Add(s.patience()),
		reference: p.OrderID, text: p.Reference, amount: p.Amount, notifyURL: p.NotifyURL, returnURL: p.ReturnURL, cancelURL: p.CancelURL,
	}
	if s.current().PlainTokens {
		t.payToken, t.notifyToken = "ORANGE_SIM_"+p.OrderID, "NOTIF_"+p.OrderID
	}
	key, guarded := orderKey{t.client, t.reference}, !s.net.Settings().NoDuplicateGuard
	s.mu.Lock()
	used := s.orders[key]
	s.orders[key] = true
	s.mu.Unlock()
	if used && guarded {
		return t, duplicate()
	}
	s.put(t)
	return t, nil
}

func duplicate() *refusal {
	return &refusal{http.StatusBadRequest, codeDuplicate, "Duplicated order id", ""}
}

// ring hands a page's order to the network, once it is known whose phone it is.
func (s *Simulator) ring(payToken, number, scenario string) *refusal {
	t, ok := s.begin(payToken, func(*ticket) {})
	if !ok {
		return bad("the payment does not wait any more")
	}
	_, err := s.net.Begin(simnet.Order{
		Operator: Operator, Reference: t.reference, Kind: simnet.Collect, Account: t.client, Number: number, Country: country,
		Currency: francs, Amount: t.amount, Text: t.text, Scenario: scenario, Native: payToken,
	})
	if err != nil {
		s.unbegin(payToken)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, simnet.ErrReused): // of another merchant. Choice: order ids are the operator's
		return duplicate()
	case errors.Is(err, simnet.ErrOverloaded):
		return overloaded()
	}
	return bad(err.Error())
}

func overloaded() *refusal {
	return &refusal{http.StatusServiceUnavailable, codeUnavailable, "The service is temporarily unavailable", ""}
}

// base is the simulator's own address, with the prefix that it is served under.
func base(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return "http://" + r.Host + strings.TrimSuffix(path, r.URL.EscapedPath())
}

// pageStatus tells how a payment stands to who names it in full.
func (s *Simulator) pageStatus(w http.ResponseWriter, rq *request) {
	var q struct {
		OrderID  string `json:"order_id"`
		Amount   int64  `json:"amount"`
		PayToken string `json:"pay_token"`
	}
	if json.NewDecoder(io.LimitReader(rq.Body, maxBody)).Decode(&q) != nil {
		fail(w, bad("the body is no JSON of this call"))
		return
	}
	t, found := s.ticket(q.PayToken)
	if !found || t.byCore || t.client != rq.client || t.reference != q.OrderID || t.amount != q.Amount {
		fail(w, unknown())
		return
	}
	reply(w, http.StatusCreated, s.webBody(t)) // one client has seen 201
}

// Choice: what Orange says of a payment that is not there.
func unknown() *refusal {
	return &refusal{http.StatusNotFound, codeInvalid, "Transaction not found", ""}
}
