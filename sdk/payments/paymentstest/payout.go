package paymentstest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

func (s *Server) refund(w http.ResponseWriter, r *http.Request) {
	var in payments.Refund
	if !decode(w, r, &in) {
		return
	}
	if in.Amount < 0 {
		faulty(w, payments.CodeInvalidBody, map[string][]string{"amount": {"must be at least 1"}})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := s.find(r.PathValue("id"))
	switch {
	case parent == nil:
		refuse(w, http.StatusNotFound, payments.CodeNotFound, "The transaction is unknown.")
		return
	case parent.Type != payments.TypeCollection || parent.Status != payments.Success:
		refuse(w, http.StatusUnprocessableEntity, payments.CodeNotRefundable, "Only a collection in SUCCESS can be refunded.")
		return
	}
	content := fmt.Sprint("refund", parent.ID, in.Amount)
	if s.repeated(w, in.Reference, content) {
		return
	}
	left := parent.Amount - s.refunded(parent.ID)
	if in.Amount == 0 {
		in.Amount = left
	}
	if in.Amount > left || left == 0 {
		refuse(w, http.StatusUnprocessableEntity, payments.CodeExceedsRefundable, fmt.Sprintf("%d is left.", left))
		return
	}
	if in.Reference == "" {
		in.Reference = minted(reference.OriginOf(parent.Reference), reference.Refund)
	}
	p := s.store(payments.Payment{
		Type: payments.TypeRefund, ParentTxID: parent.ID, OrderRef: parent.OrderRef, InvoiceID: parent.InvoiceID, OrderURL: parent.OrderURL,
		IsURLProtected: parent.IsURLProtected, Amount: in.Amount, NetAmount: in.Amount, CustomerTotal: in.Amount, Currency: parent.Currency,
		Operator: parent.Operator, Country: parent.Country, MSISDN: parent.MSISDN, Reference: in.Reference, Description: in.Description,
	}, content)
	s.payOut(p)
	answer(w, http.StatusCreated, s.paid(p))
}

func (s *Server) disburse(w http.ResponseWriter, r *http.Request) {
	var in payments.Disbursement
	if !decode(w, r, &in) {
		return
	}
	if fields := checked(in.Amount, in.Currency, in.MSISDN, in.Application); len(fields) > 0 {
		faulty(w, payments.CodeInvalidBody, fields)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	operator, country, ok := s.route(w, in.Application, in.MSISDN, in.Operator, in.Country)
	content := fmt.Sprint("disbursement", in.Amount, in.Currency, in.MSISDN, operator, country, in.Application)
	if !ok || s.repeated(w, in.Reference, content) {
		return
	}
	if in.Reference == "" {
		in.Reference = minted(reference.System, reference.Disbursement)
	}
	p := s.store(payments.Payment{
		Type: payments.TypeDisbursement, OrderRef: in.OrderRef, OrderURL: in.OrderURL, IsURLProtected: in.IsURLProtected,
		Amount: in.Amount, NetAmount: in.Amount, CustomerTotal: in.Amount, Currency: in.Currency, Operator: operator, Country: country,
		MSISDN: in.MSISDN, Reference: in.Reference, Description: in.Description,
	}, content)
	s.payOut(p)
	answer(w, http.StatusCreated, s.paid(p))
}

func minted(origin string, op reference.Op) string {
	r, err := reference.Mint(origin, op, time.Now())
	if err != nil {
		panic(err) // the origin is one of ours
	}
	return r.String()
}

// repeated answers for a reference that was used.
func (s *Server) repeated(w http.ResponseWriter, used, content string) bool {
	old := s.references[used]
	switch {
	case used == "" || old == nil:
		return false
	case old.content != content:
		refuse(w, http.StatusConflict, payments.CodeDuplicateReference, "The reference was used for something else.")
	default:
		old.idempotent = true
		answer(w, http.StatusOK, s.paid(old))
	}
	return true
}

// payOut settles a payout: the recipient is looked at first, the float last.
func (s *Server) payOut(p *record) {
	to := s.sims[p.MSISDN]
	switch {
	case to == nil:
		s.end(p, payments.UnknownMSISDN)
	case to.blocked:
		s.end(p, payments.AccountBlocked)
	case s.float < p.Amount:
		s.end(p, payments.InsufficientFunds)
	default:
		s.float -= p.Amount
		to.balance += p.Amount
		balance := to.balance
		p.balance = &balance
		s.end(p, payments.Success)
	}
}

func (s *Server) refunded(parent string) (total int64) {
	for _, p := range s.records {
		if p.ParentTxID == parent && p.Status == payments.Success {
			total += p.Amount
		}
	}
	return total
}

// paid is a payout as the API answers it.
func (s *Server) paid(p *record) map[string]any {
	shown := map[string]any{
		"tx_id": p.ID, "type": p.Type, "status": p.Status, "amount": p.Amount, "merchant_balance_after": s.float,
		"recipient_balance_after": p.balance, "idempotent": p.idempotent,
	}
	if parent := s.find(p.ParentTxID); parent != nil {
		total := s.refunded(parent.ID)
		shown["parent_tx_id"], shown["refunded_total"], shown["refundable_remaining"] = parent.ID, total, parent.Amount-total
	}
	return shown
}
