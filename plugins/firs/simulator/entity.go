package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// entity is a taxpayer in the service's words, with its business.
type entity struct {
	ID             string           `json:"id"`
	Reference      string           `json:"reference"`
	CustomSettings map[string]any   `json:"custom_settings"`
	CreatedAt      string           `json:"created_at"`
	UpdatedAt      string           `json:"updated_at"`
	IsActive       bool             `json:"is_active"`
	AppReference   string           `json:"app_reference"`
	Businesses     []entityBusiness `json:"businesses"`
}

type entityBusiness struct {
	ID                   string         `json:"id"`
	Reference            string         `json:"reference"`
	Name                 string         `json:"name"`
	CustomSettings       map[string]any `json:"custom_settings"`
	CreatedAt            string         `json:"created_at"`
	UpdatedAt            string         `json:"updated_at"`
	TIN                  string         `json:"tin"`
	Sector               string         `json:"sector"`
	AnnualTurnover       string         `json:"annual_turnover"`
	SupportPeppol        bool           `json:"support_peppol"`
	IsRealtimeReporting  bool           `json:"is_realtime_reporting"`
	NotificationChannels []string       `json:"notification_channels"`
	ERPSystem            string         `json:"erp_system"`
	IRNTemplate          string         `json:"irn_template"`
	IsActive             bool           `json:"is_active"`
}

func (t *taxpayer) entity() entity {
	at := t.CreatedAt.Format(time.RFC3339)
	return entity{
		ID: t.EntityID, Reference: slug(t.Name), CustomSettings: map[string]any{},
		CreatedAt: at, UpdatedAt: at, IsActive: true, AppReference: "sandbox",
		Businesses: []entityBusiness{{
			ID: t.BusinessID, Reference: slug(t.Name), Name: t.Name, CustomSettings: map[string]any{},
			CreatedAt: at, UpdatedAt: at, TIN: t.TIN, Sector: "Trade", AnnualTurnover: "5000000000",
			NotificationChannels: []string{}, IRNTemplate: t.IRNTemplate, IsActive: true,
		}},
	}
}

func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// Choice: a key sees its own entity only; paging as in search.
func (s *Simulator) entities(rq *request) *answer {
	return data(paged([]entity{rq.owner.entity()}, rq.URL.Query()))
}

func (s *Simulator) entity(rq *request) *answer {
	if !strings.EqualFold(rq.PathValue("id"), rq.owner.EntityID) {
		// Choice: how an unknown entity is refused is not known.
		return refuseWith(http.StatusNotFound, handlerEntity, "entity was not found", textPublic)
	}
	return data(rq.owner.entity())
}

// addParty registers a buyer's data; absent from newer collections.
func (s *Simulator) addParty(rq *request) *answer {
	var p party
	if err := json.Unmarshal(rq.body, &p); err != nil {
		return refuse(handlerInvoice, "unable to read the request body", textPublic)
	}
	if p.BusinessID != rq.owner.BusinessID {
		return refuse(handlerInvoice, "partyrequest.businessid must be a business of this api key", textPublic)
	}
	if a := p.check("party"); a != nil {
		return a
	}
	p.ID = newUUID()
	s.mu.Lock()
	s.book.parties[p.BusinessID] = append(s.book.parties[p.BusinessID], p)
	s.mu.Unlock()
	return data(p)
}

func (s *Simulator) parties(rq *request) *answer {
	q := rq.URL.Query()
	list := []party{}
	s.mu.Lock()
	if rq.PathValue("business") == rq.owner.BusinessID {
		for _, p := range s.book.parties[rq.owner.BusinessID] {
			if strings.Contains(strings.ToLower(p.Name), strings.ToLower(q.Get("party_name"))) {
				list = append(list, p)
			}
		}
	}
	s.mu.Unlock()
	return data(paged(list, q))
}

// verifyTIN answers the recorded sample's members. Choice: businesses of this
// simulator are known, others are not.
func (s *Simulator) verifyTIN(rq *request) *answer {
	var in struct {
		TIN string `json:"tin"`
	}
	if err := json.Unmarshal(rq.body, &in); err != nil || in.TIN == "" {
		return refuse(handlerEntity, "tin is required", textPublic)
	}
	s.mu.Lock()
	t, known := s.accounts.byTIN[in.TIN]
	s.mu.Unlock()
	if !known {
		return refuse(handlerEntity, "tin was not found", textPublic)
	}
	return data(map[string]string{
		"address": "1 Marina, Lagos", "email": t.Email, "id": t.EntityID, "jtb_tin": "", "message": "success",
		"phone": "", "rc_number": "", "status": "200 OK", "taxofficer_id": "", "taxofficer_name": "",
		"taxpayer_name": t.Name, "taxpayer_type": "Company", "tin": t.TIN,
	})
}

// authenticate gives no token, only the entity. Choice: the password of every
// business is its api secret.
func (s *Simulator) authenticate(rq *request) *answer {
	var in struct{ Email, Password string }
	if err := json.Unmarshal(rq.body, &in); err != nil || in.Email != rq.owner.Email || in.Password != rq.owner.APISecret {
		return refuse(handlerEntity, "invalid email or password", textPublic)
	}
	return data(map[string]string{
		"entity_id": rq.owner.EntityID, "id": newUUID(), "message": "success", "status": "200 OK",
		"received_at": s.now().In(time.FixedZone("WAT", 3600)).Format(time.RFC3339),
	})
}

// update sets the payment status of a signed invoice, by seller or buyer.
func (s *Simulator) update(rq *request) *answer {
	var in struct {
		PaymentStatus string `json:"payment_status"`
		Reference     string `json:"reference"`
	}
	if err := json.Unmarshal(rq.body, &in); err != nil {
		return refuse(handlerInvoice, "unable to read the request body", textPublic)
	}
	if !isPaymentStatus(in.PaymentStatus) {
		return refuse(handlerInvoice, fmt.Sprintf("updaterequest.paymentstatus %s", ruleStatus), textPublic)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.book.record(rq.irn)
	if r == nil || r.business != rq.owner.BusinessID && r.customerTIN != rq.owner.TIN {
		return unknownIRN()
	}
	r.paymentStatus, r.reference = in.PaymentStatus, in.Reference
	return ok(http.StatusOK)
}

// postPayment takes the report of a sale to a consumer. Every value is a
// string. Choice: the answer, and which members are wanted.
func (s *Simulator) postPayment(rq *request) *answer {
	var in map[string]string
	if err := json.Unmarshal(rq.body, &in); err != nil {
		return refuse(handlerInvoice, "every value of the report must be a string", textPublic)
	}
	for _, name := range [...]string{
		"agent_tin", "base_amount", "currency", "irn", "total_amount", "transaction_date", "vat_calculated", "vat_rate", "vat_status",
	} {
		if in[name] == "" {
			return refuse(handlerInvoice, "vatrequest."+strings.ReplaceAll(name, "_", "")+" "+ruleRequired, textPublic)
		}
	}
	s.mu.Lock()
	s.book.reports[in["irn"]] = append(s.book.reports[in["irn"]], in)
	s.mu.Unlock()
	return ok(http.StatusOK)
}
