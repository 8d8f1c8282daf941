package simulator

import (
	"net/http"
	"time"
)

// Stages of a transmission, as the webhook names them.
const (
	transmitting = "TRANSMITTING"
	transmitted  = "TRANSMITTED"
	acknowledged = "ACKNOWLEDGED"
)

// transmit hands a signed invoice to the exchange. It needs a webhook on the
// sender's account.
func (s *Simulator) transmit(rq *request) *answer {
	if len(rq.body) > 0 && string(rq.body) != "{}" {
		return refuse(handlerInvoice, "transmit takes no body", textPublic) // choice: the text
	}
	if rq.owner.WebhookURL == "" {
		return noWebhook()
	}
	if _, known := s.found(rq); !known {
		return unknownIRN()
	}
	notes := announcement(rq.irn, rq.fault)
	if rq.fault == FaultWebhookEarly {
		s.announce(rq.owner.WebhookURL, notes)
		return ok(http.StatusOK)
	}
	s.advance(rq.irn, transmitting)
	a := ok(http.StatusOK)
	a.after = func() { s.announceLater(rq.owner.WebhookURL, notes) }
	return a
}

// noWebhook: choice: the text is not known, only that it fails.
func noWebhook() *answer {
	return refuse(handlerInvoice, "webhook url is not set up for this account", textPublic)
}

// acknowledge is the receiver's confirmation of receipt.
//
// Choice: any key of the buyer, or of the seller when the buyer is not here,
// may confirm.
func (s *Simulator) acknowledge(rq *request) *answer {
	s.mu.Lock()
	r := s.book.record(rq.irn)
	var sender *taxpayer
	var allowed, sent bool
	if r != nil {
		sender = s.accounts.byID[r.business]
		_, buyerHere := s.accounts.byTIN[r.customerTIN]
		allowed = r.customerTIN == rq.owner.TIN || !buyerHere && r.business == rq.owner.BusinessID
		sent = r.transmission != ""
	}
	s.mu.Unlock()
	if !allowed {
		return unknownIRN()
	}
	if !sent {
		return refuse(handlerInvoice, "invoice was not transmitted", textPublic) // choice: the text
	}
	s.advance(rq.irn, acknowledged)
	a := ok(http.StatusOK)
	a.after = func() { s.announceLater(sender.WebhookURL, []notification{{rq.irn, acknowledged}}) }
	return a
}

// advance moves a transmission on, never back.
func (s *Simulator) advance(irn, stage string) {
	order := map[string]int{"": 0, transmitting: 1, transmitted: 2, acknowledged: 3}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.book.record(irn); r != nil && order[stage] > order[r.transmission] {
		r.transmission = stage
	}
}

// selfHealth: choice: it checks that a webhook address is set, without calling.
func (s *Simulator) selfHealth(rq *request) *answer {
	if rq.owner.WebhookURL == "" {
		return noWebhook()
	}
	return ok(http.StatusOK)
}

// transmission is a choice: the shape of the lookup bodies is not known.
type transmission struct {
	IRN      string          `json:"irn"`
	Sender   transmissionEnd `json:"sender"`
	Receiver transmissionEnd `json:"receiver"`
	Status   string          `json:"status"`
}

type transmissionEnd struct {
	TIN  string `json:"tin"`
	Name string `json:"name"`
	// Onboarded is whether this party can receive here.
	Onboarded bool `json:"onboarded"`
}

func (s *Simulator) end(tin, name string) transmissionEnd {
	t, here := s.accounts.byTIN[tin]
	return transmissionEnd{TIN: tin, Name: name, Onboarded: here && t.WebhookURL != ""}
}

func (s *Simulator) lookupIRN(rq *request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.book.record(rq.irn)
	if r == nil || r.business != rq.owner.BusinessID && r.customerTIN != rq.owner.TIN {
		return unknownIRN()
	}
	sender := s.accounts.byID[r.business]
	return data(transmission{
		IRN: r.irn, Sender: s.end(sender.TIN, sender.Name),
		Receiver: s.end(r.customerTIN, r.customerName), Status: r.transmission,
	})
}

func (s *Simulator) lookupTIN(rq *request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, here := s.accounts.byTIN[rq.PathValue("tin")]
	if !here {
		return refuseWith(http.StatusNotFound, handlerInvoice, "party was not found", textPublic) // choice: the text
	}
	return data(s.end(t.TIN, t.Name))
}

func (s *Simulator) lookupParty(rq *request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.book.parties[rq.owner.BusinessID] {
		if p.ID == rq.PathValue("party") {
			return data(s.end(p.TIN, p.Name))
		}
	}
	return refuseWith(http.StatusNotFound, handlerInvoice, "party was not found", textPublic) // choice: the text
}

// pull lists what was transmitted to the caller.
func (s *Simulator) pull(rq *request) *answer {
	q := rq.URL.Query()
	type item struct {
		IRN string `json:"irn"`
	}
	list := []item{}
	s.mu.Lock()
	for irn, ref := range s.book.references {
		r := ref.record
		if r == nil || r.transmission == "" || r.customerTIN != rq.owner.TIN {
			continue
		}
		done := r.transmission == acknowledged
		day := r.signedAt.UTC().Format(time.DateOnly)
		if within(day, q.Get("from"), q.Get("to")) && (q.Get("confirmed") == "" || (q.Get("confirmed") == "true") == done) {
			list = append(list, item{irn})
		}
	}
	s.mu.Unlock()
	return data(map[string]any{"invoices": list})
}

func within(day, from, to string) bool {
	return (from == "" || day >= from) && (to == "" || day <= to)
}
