package paymentstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/afara-dev/afara/sdk/msisdn"
	"github.com/afara-dev/afara/sdk/payments"
)

// outcomes are what the scenarios force.
func outcomes() map[string]payments.Status {
	return map[string]payments.Status{
		payments.ScenarioSuccess: payments.Success, payments.ScenarioPINInvalid: payments.PINInvalid,
		payments.ScenarioLowBalance: payments.InsufficientFunds, payments.ScenarioTimeout: payments.Timeout,
		payments.ScenarioBlocked: payments.AccountBlocked, payments.ScenarioCancelled: payments.UserCancelled,
		payments.ScenarioUnknownMSISDN: payments.UnknownMSISDN, payments.ScenarioLimitExceeded: payments.LimitExceeded,
		payments.ScenarioMaintenance: payments.ServiceUnavailable, payments.ScenarioDuplicate: payments.DuplicateReference,
	}
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	var in payments.Collection
	if !decode(w, r, &in) {
		return
	}
	fields := checked(in.Amount, in.Currency, in.MSISDN, in.Application)
	if in.Reference == "" || len(in.Reference) > 80 {
		fields["reference"] = []string{"must have 1 to 80 characters"}
	}
	status, known := outcomes()[in.Scenario]
	if in.Scenario != "" && !known {
		fields["scenario"] = []string{"is unknown"}
	}
	if len(fields) > 0 {
		faulty(w, payments.CodeInvalidBody, fields)
		return
	}
	s.mu.Lock()
	again, p, ok := s.accept(w, in)
	if !ok {
		s.mu.Unlock()
		return
	}
	if again {
		answer(w, http.StatusOK, shown(p))
		s.mu.Unlock()
		return
	}
	if !known {
		status = s.payer(p)
	}
	s.end(p, status)
	hook, id := s.created, p.ID
	s.mu.Unlock()
	if hook != nil {
		hook(id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusCreated, shown(p))
}

// accept stores a new collection as PENDING, or finds the one of its reference.
func (s *Server) accept(w http.ResponseWriter, in payments.Collection) (again bool, p *record, ok bool) {
	operator, country, ok := s.route(w, in.Application, in.MSISDN, in.Operator, in.Country)
	if !ok {
		return false, nil, false
	}
	content := fmt.Sprint("collection", in.Amount, in.Currency, in.MSISDN, operator, country, in.Application, in.InvoiceID)
	if old := s.references[in.Reference]; old != nil {
		if old.content != content {
			refuse(w, http.StatusConflict, payments.CodeDuplicateReference, "The reference was used for something else.")
			return false, nil, false
		}
		return true, old, true
	}
	const bps = 100
	commission := (in.Amount*bps + 5000) / 10000
	merchant := (commission*s.pct + 50) / 100
	pct, mode := s.pct, payments.CommissionOfCustomer
	if pct >= 50 {
		mode = payments.CommissionOfMerchant
	}
	return false, s.store(payments.Payment{
		Type: payments.TypeCollection, OrderRef: in.OrderRef, InvoiceID: in.InvoiceID, OrderURL: in.OrderURL, IsURLProtected: in.IsURLProtected,
		Amount: in.Amount, Commission: commission, NetAmount: in.Amount - merchant, CustomerTotal: in.Amount - merchant + commission,
		MerchantAbsorptionPct: &pct, MerchantShare: merchant, CustomerShare: commission - merchant, CommissionMode: mode,
		Currency: in.Currency, Operator: operator, Country: country, MSISDN: in.MSISDN, Reference: in.Reference,
		Description: in.Description, Scenario: in.Scenario,
	}, content), true
}

func (s *Server) store(p payments.Payment, content string) *record {
	p.ID = fmt.Sprintf("TX_%08d", len(s.records)+1)
	p.Status, p.CreatedAt = payments.Pending, time.Now().UTC().Truncate(time.Millisecond)
	if p.OrderRef == "" {
		p.OrderRef = p.Reference
	}
	stored := &record{Payment: p, content: content}
	s.records = append(s.records, stored)
	s.references[p.Reference] = stored
	return stored
}

var numbers = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// checked names the faults of what all money that moves has.
func checked(amount int64, currency, number, application string) map[string][]string {
	fields := map[string][]string{}
	if amount < 1 {
		fields["amount"] = []string{"must be at least 1"}
	}
	if len(currency) < 3 || len(currency) > 4 {
		fields["currency"] = []string{"must have 3 or 4 characters"}
	}
	if !numbers.MatchString(number) {
		fields["msisdn"] = []string{"must match " + numbers.String()}
	}
	if application == "" {
		fields["application"] = []string{"is required"}
	}
	return fields
}

// route finds operator and country, and answers when it cannot.
func (s *Server) route(w http.ResponseWriter, application, number, operator, country string) (string, string, bool) {
	if application != Application {
		refuse(w, http.StatusNotFound, payments.CodeNotFound, "The application is unknown.")
		return "", "", false
	}
	if operator == "" || country == "" {
		c, o, err := msisdn.Detect(msisdn.Number(number))
		if err != nil {
			faulty(w, payments.CodeInvalidBody, map[string][]string{"operator": {err.Error()}})
			return "", "", false
		}
		operator, country = string(o), string(c)
	}
	if s.disabled[operator+country] {
		refuse(w, http.StatusNotFound, payments.CodeEnvNotFound, "Operator and country are not enabled.")
		return "", "", false
	}
	return operator, country, true
}

// payer says what becomes of a collection without a scenario at first.
func (s *Server) payer(p *record) payments.Status {
	switch of := s.sims[p.MSISDN]; {
	case of == nil:
		return payments.UnknownMSISDN
	case of.blocked:
		return payments.AccountBlocked
	case of.balance < p.CustomerTotal:
		return payments.InsufficientFunds
	}
	return payments.Pending
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(r.PathValue("id"))
	if p == nil {
		refuse(w, http.StatusNotFound, payments.CodeNotFound, "The transaction is unknown.")
		return
	}
	answer(w, http.StatusOK, shown(p))
}

func (s *Server) find(id string) *record {
	for _, p := range s.records {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// shown is a transaction as the API writes it.
func shown(p *record) map[string]any {
	out := map[string]any{
		"id": p.ID, "type": p.Type, "parentTxId": orNull(p.ParentTxID), "orderRef": p.OrderRef, "orderUrl": orNull(p.OrderURL),
		"isUrlProtected": p.IsURLProtected, "amount": p.Amount, "commission": p.Commission, "netAmount": p.NetAmount,
		"customerTotal": p.CustomerTotal, "merchantAbsorptionPct": p.MerchantAbsorptionPct, "merchantShare": p.MerchantShare,
		"customerShare": p.CustomerShare, "commissionMode": orNull(p.CommissionMode), "currency": p.Currency, "operator": p.Operator,
		"country": p.Country, "msisdn": p.MSISDN, "reference": p.Reference, "description": orNull(p.Description),
		"scenario": orNull(p.Scenario), "status": p.Status, "latencyMs": p.LatencyMS, "createdAt": p.CreatedAt,
		"raw": json.RawMessage(`{"_simulated":true,"status":"` + string(p.Status) + `"}`),
	}
	for name, text := range map[string]string{"invoiceId": p.InvoiceID, "invoiceNote": p.InvoiceNote} {
		if text != "" {
			out[name] = text
		}
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
