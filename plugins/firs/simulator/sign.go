package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// readIRN reads the body of irn/validate: an IRN to check before the invoice
// comes.
func (s *Simulator) readIRN(rq *request) *answer {
	var in struct {
		Reference  string `json:"invoice_reference"`
		BusinessID string `json:"business_id"`
		IRN        string `json:"irn"`
	}
	if err := json.Unmarshal(rq.body, &in); err != nil {
		return refuse(handlerInvoice, "unable to read the request body", textPublic)
	}
	rq.irn = in.IRN
	rq.invoice = &invoice{BusinessID: in.BusinessID, IRN: in.IRN}
	rq.invoiceReference = in.Reference
	return nil
}

func (s *Simulator) validateIRN(rq *request) *answer {
	if err := checkUUID(rq.invoice.BusinessID); err != nil {
		return refuse(handlerInvoice, err.Error(), textPublic)
	}
	if a := checkIRN(rq.irn, rq.owner.ServiceID); a != nil {
		return a
	}
	if number, _, _ := strings.Cut(rq.irn, "-"); number != rq.invoiceReference {
		return field("invoicereference", ruleTemplate) // choice: the text
	}
	return ok(http.StatusOK)
}

// validate checks and registers nothing.
func (s *Simulator) validate(rq *request) *answer {
	if a := s.check(rq); a != nil {
		return a
	}
	return ok(http.StatusOK)
}

// sign registers. A second sign of an IRN gets the ambiguous body, whatever
// its content, unless the duplicate guard is off.
func (s *Simulator) sign(rq *request) *answer {
	if a := s.check(rq); a != nil {
		return a
	}
	r := rq.newRecord()
	r.signedAt = s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book.record(r.irn) != nil {
		if s.settings.DuplicateGuard {
			return ambiguous()
		}
		s.tally.Duplicates++
	}
	s.tally.Registered++
	s.book.register(r)
	return ok(http.StatusCreated)
}
