package simclient

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// sim is a SIM in the words of these operations.
type sim struct {
	MSISDN   string `json:"msisdn"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Name     string `json:"name,omitempty"`
	Balance  int64  `json:"balance"`
	Blocked  bool   `json:"blocked"`
	PIN      string `json:"pin,omitempty"`
}

// wireSIM is one in the stand-in's.
type wireSIM struct {
	Operator string `json:"operator"`
	Number   string `json:"number"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Name     string `json:"name,omitempty"`
	Balance  int64  `json:"balance"`
	Blocked  bool   `json:"blocked"`
	PIN      string `json:"pin,omitempty"`
}

func (w wireSIM) sim() sim {
	return sim{w.Number, w.Country, w.Currency, w.Name, w.Balance, w.Blocked, w.PIN}
}

func (o Operator) putSIM(ctx context.Context, call *sdk.Call, in sim) (sim, error) {
	m, err := o.open(ctx, call)
	if err != nil {
		return sim{}, err
	}
	var put wireSIM
	err = m.Client.ask(ctx, http.MethodPut, "/sims", nil, wireSIM{
		Operator: o.Name, Number: in.MSISDN, Country: cmp.Or(in.Country, m.Country), Currency: cmp.Or(in.Currency, m.Currency),
		Name: in.Name, Balance: in.Balance, Blocked: in.Blocked, PIN: in.PIN,
	}, &put)
	return put.sim(), err
}

// choice is what a list is cut down to.
type choice struct {
	MSISDN string `json:"msisdn"`
	After  string `json:"after"`
	Limit  int    `json:"limit"`
}

func (c choice) query(operator string) url.Values {
	q := url.Values{"operator": {operator}, "limit": {strconv.Itoa(cmp.Or(c.Limit, 100))}}
	if c.MSISDN != "" {
		q.Set("number", c.MSISDN)
	}
	if c.After != "" {
		q.Set("after", c.After)
	}
	return q
}

type simList struct {
	SIMs []sim `json:"sims"`
}

func (o Operator) listSIMs(ctx context.Context, call *sdk.Call, in choice) (simList, error) {
	var found []wireSIM
	if err := o.ask(ctx, call, http.MethodGet, "/sims", in.query(o.Name), nil, &found); err != nil {
		return simList{}, err
	}
	list := simList{SIMs: []sim{}}
	for _, w := range found {
		list.SIMs = append(list.SIMs, w.sim())
	}
	return list, nil
}

func (o Operator) removeSIM(ctx context.Context, call *sdk.Call, in struct{ MSISDN string }) (schemas.Empty, error) {
	return schemas.Empty{}, o.ask(ctx, call, http.MethodDelete, "/sims/"+o.Name+"/"+url.PathEscape(in.MSISDN), nil, nil, nil)
}
