package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
)

// corridorView is what an environment has set up for an operator in a country.
type corridorView struct {
	Operator              string                     `json:"operator"`
	Country               string                     `json:"country"`
	Enabled               bool                       `json:"enabled"`
	Currency              string                     `json:"currency"`
	CommissionBps         int64                      `json:"commissionBps"`
	MerchantAbsorptionPct int64                      `json:"merchantAbsorptionPct"`
	UnknownMSISDNPolicy   domain.UnknownMSISDNPolicy `json:"unknownMsisdnPolicy"`
	ConnectionID          domain.ConnectionID        `json:"connectionId"`
	CreatedAt             string                     `json:"createdAt"`
	UpdatedAt             string                     `json:"updatedAt"`
}

func viewCorridor(c domain.Corridor) corridorView {
	return corridorView{
		Operator: c.Operator, Country: c.Country, Enabled: c.Enabled, Currency: c.Currency, CommissionBps: c.CommissionBps,
		MerchantAbsorptionPct: c.MerchantAbsorptionPct, UnknownMSISDNPolicy: c.UnknownMSISDNPolicy, ConnectionID: c.Connection,
		CreatedAt: wire(c.CreatedAt), UpdatedAt: wire(c.UpdatedAt),
	}
}

// listCorridors answers all: there are few operators and countries.
func (a *api) listCorridors(w http.ResponseWriter, r *http.Request) error {
	list, err := a.cfg.Corridors.Corridors(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	out := page[corridorView]{Data: []corridorView{}}
	for _, c := range list {
		out.Data = append(out.Data, viewCorridor(c))
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) getCorridor(w http.ResponseWriter, r *http.Request) error {
	operator, country := corridorOf(r)
	c, err := a.cfg.Corridors.Corridor(r.Context(), principal(r).Environment.ID, operator, country)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, viewCorridor(c))
}

// putCorridor makes the corridor, or changes what the body names.
func (a *api) putCorridor(w http.ResponseWriter, r *http.Request) (err error) {
	var in corridor.Patch
	if in.Form, _, err = a.decodeForm(r, bodyCorridor, &in); err != nil {
		return err
	}
	operator, country := corridorOf(r)
	c, made, err := a.cfg.Corridors.Put(r.Context(), principal(r).Environment.ID, operator, country, in, actor(r))
	if err != nil {
		return err
	}
	if in.UnknownMSISDNPolicy != nil {
		if err := a.passOn(r, c); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	return answer(w, status, viewCorridor(c))
}

// passOn tells the operator's stand-in what becomes of numbers that are no test
// clients, for it decides how payments end. A caller that hears that it failed
// puts the corridor again.
func (a *api) passOn(r *http.Request, c domain.Corridor) error {
	if principal(r).Environment.Kind != domain.Sandbox {
		return nil
	}
	o, err := a.operator(r, c.Operator, c.Country)
	if err != nil {
		return err
	}
	return o.ask(r.Context(), "set_policy", struct {
		Policy domain.UnknownMSISDNPolicy `json:"policy"`
	}{c.UnknownMSISDNPolicy}, nil)
}

func (a *api) deleteCorridor(w http.ResponseWriter, r *http.Request) error {
	operator, country := corridorOf(r)
	if err := a.cfg.Corridors.Delete(r.Context(), principal(r).Environment.ID, operator, country, actor(r)); err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Operator string `json:"operator"`
		Country  string `json:"country"`
		Deleted  bool   `json:"deleted"`
	}{operator, country, true})
}

// corridorOf is what the path names.
func corridorOf(r *http.Request) (operator, country string) {
	return chi.URLParam(r, "operator"), chi.URLParam(r, "country")
}
