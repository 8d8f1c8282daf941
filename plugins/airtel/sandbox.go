package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// operator is Airtel's name in the stand-in's network of SIMs.
const operator = "airtel"

// Operations are the connector's own, all of the sandbox: the stand-in's state,
// which decides how payments end there. None of them moves money by itself.
func (c *connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{
		"airtel.put_sim":       sdk.Handle(c.putSIM),
		"airtel.list_sims":     sdk.Handle(c.listSIMs),
		"airtel.remove_sim":    sdk.Handle(c.removeSIM),
		"airtel.list_prompts":  sdk.Handle(c.listPrompts),
		"airtel.answer_prompt": sdk.Handle(c.answerPrompt),
		"airtel.put_float":     sdk.Handle(c.putFloat),
		"airtel.set_policy":    sdk.Handle(c.setPolicy),
	}
}

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

// ask sends a request to the stand-in. The engine lets no call from production
// come here, and neither does this.
func (c *connector) ask(ctx context.Context, call *sdk.Call, method, path string, query url.Values, in, into any) error {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return err
	}
	if !s.sandbox {
		return sdk.Unsupportedf("sandbox_only", "%s is an operation of the sandbox", call.Operation)
	}
	return s.client.Sandbox(ctx, method, path, query, in, into)
}

func (c *connector) putSIM(ctx context.Context, call *sdk.Call, in sim) (sim, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return sim{}, err
	}
	var put wireSIM
	err = c.ask(ctx, call, http.MethodPut, "/sims", nil, wireSIM{
		Operator: operator, Number: in.MSISDN, Country: or(in.Country, s.settings.Country), Currency: or(in.Currency, s.settings.Currency),
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

func (c choice) query() url.Values {
	q := url.Values{"operator": {operator}, "limit": {strconv.Itoa(or(c.Limit, 100))}}
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

func (c *connector) listSIMs(ctx context.Context, call *sdk.Call, in choice) (simList, error) {
	var found []wireSIM
	if err := c.ask(ctx, call, http.MethodGet, "/sims", in.query(), nil, &found); err != nil {
		return simList{}, err
	}
	list := simList{SIMs: []sim{}}
	for _, w := range found {
		list.SIMs = append(list.SIMs, w.sim())
	}
	return list, nil
}

func (c *connector) removeSIM(ctx context.Context, call *sdk.Call, in struct{ MSISDN string }) (schemas.Empty, error) {
	return schemas.Empty{}, c.ask(ctx, call, http.MethodDelete, "/sims/"+operator+"/"+url.PathEscape(in.MSISDN), nil, nil, nil)
}

func (c *connector) putFloat(ctx context.Context, call *sdk.Call, in struct{ Balance int64 }) (schemas.Empty, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.Empty{}, err
	}
	return schemas.Empty{}, c.ask(ctx, call, http.MethodPut, "/accounts", nil, map[string]any{
		"operator": operator, "name": s.settings.ClientID, "currency": s.settings.Currency, "balance": in.Balance,
	}, nil)
}

func (c *connector) setPolicy(ctx context.Context, call *sdk.Call, in struct{ Policy string }) (schemas.Empty, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.Empty{}, err
	}
	return schemas.Empty{}, c.ask(ctx, call, http.MethodPut, "/policies", nil, map[string]string{
		"operator": operator, "country": s.settings.Country, "policy": in.Policy,
	}, nil)
}
