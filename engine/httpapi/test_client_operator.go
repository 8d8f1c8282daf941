package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// The engine keeps nothing of test clients: they are the state of the operators'
// stand-ins, which connectors reach through operations that they have for the
// sandbox alone. Those are called alike in all connectors: mtn.put_sim,
// mtn.list_sims, mtn.remove_sim, mtn.list_prompts and mtn.answer_prompt.

var (
	errNotSandbox = operation.ErrSandbox.Detailed("Test clients are SIM cards of the sandbox. Use a key of a sandbox environment.")
	errNoOperator = &domain.Error{Kind: domain.KindNotFound, Code: "operator_not_connected"}
	errNoClient   = &domain.Error{Kind: domain.KindNotFound, Code: "test_client_not_found",
		Detail: "The operator's sandbox knows no SIM with this number: POST /si/test-clients registers one."}
	errNoClients = &domain.Error{Kind: domain.KindConflict, Code: "test_clients_unsupported"}
)

// inSandbox refuses a key of production.
func inSandbox(r *http.Request) error {
	if principal(r).Environment.Kind != domain.Sandbox {
		return errNotSandbox
	}
	return nil
}

// operators are the names that an operator may be called by.
func operators() []string {
	return []string{string(msisdn.MTN), string(msisdn.Orange), string(msisdn.Moov), string(msisdn.Airtel)}
}

// whose completes what a caller says of a number by what the number says. The
// pointers of its faults begin with where.
func whose(number msisdn.Number, operator, country, where string) (string, string, []domain.FieldError) {
	ofCountry, ofOperator, err := msisdn.Detect(number)
	if country == "" {
		country = string(ofCountry)
	}
	if operator == "" {
		operator = string(ofOperator)
	}
	var faults []domain.FieldError
	var e *msisdn.Error
	for name, value := range map[string]string{"country": country, "operator": operator} {
		if value == "" && errors.As(err, &e) {
			faults = append(faults, domain.FieldError{Pointer: where + name, Code: e.Code, Detail: e.Detail, Fix: e.Fix})
		}
	}
	return operator, country, faults
}

// simOperator is an operator as an environment's connection reaches it.
type simOperator struct {
	name        string
	currency    string // of new SIMs
	environment domain.EnvironmentID
	connection  registry.Connection
	operations  *operation.Service
}

// simOperators are an environment's enabled connections of operators, by the
// operator's name.
func (a *api) simOperators(r *http.Request) (out []simOperator, err error) {
	env := principal(r).Environment.ID
	list, err := a.cfg.Connections.List(r.Context(), env)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Enabled && slices.Contains(operators(), c.Connector) {
			out = append(out, simOperator{name: c.Connector, environment: env, connection: c, operations: a.cfg.Operations})
		}
	}
	slices.SortStableFunc(out, func(a, b simOperator) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// operator finds the connection of an operator: the corridor's where that is
// enabled, else any, for a stand-in has the same SIMs for all.
func (a *api) operator(r *http.Request, name, country string) (simOperator, error) {
	all, err := a.simOperators(r)
	if err != nil {
		return simOperator{}, err
	}
	all = slices.DeleteFunc(all, func(o simOperator) bool { return o.name != name })
	if len(all) == 0 {
		return simOperator{}, notConnected(name)
	}
	o, currency := all[0], corridor.Currency(country)
	c, err := a.cfg.Corridors.Corridor(r.Context(), o.environment, name, country)
	if err == nil {
		currency = c.Currency
	} else if !errors.Is(err, corridor.ErrNotFound) {
		return o, err
	}
	if i := slices.IndexFunc(all, func(o simOperator) bool { return o.connection.ID == c.Connection }); i >= 0 {
		o = all[i]
	}
	o.currency = currency
	return o, nil
}

func notConnected(operator string) error {
	return errNoOperator.Detailed(fmt.Sprintf("This environment has no enabled connection of the connector %s: make one with POST /si/connections.", operator))
}

// ask calls one of the connector's operations of the sandbox.
func (o simOperator) ask(ctx context.Context, verb string, in, into any) error {
	input, err := json.Marshal(in)
	if err != nil {
		return err
	}
	done, err := o.operations.Call(ctx, operation.Request{
		Environment: o.environment, Connection: o.connection.Ref(), Refused: takesNoCall(o.connection), Operation: o.name + "." + verb, Input: input,
	})
	if errors.Is(err, operation.ErrUnknown) {
		return errNoClients.Detailed(fmt.Sprintf("The connector %s has no operation %s.%s: it cannot look into its sandbox for that.", o.name, o.name, verb))
	}
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(done.Result, into)
}

// sim is a SIM in the words of the connectors' operations.
type sim struct {
	operator string
	MSISDN   string `json:"msisdn"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Name     string `json:"name,omitempty"`
	Balance  int64  `json:"balance"`
	Blocked  bool   `json:"blocked"`
	PIN      string `json:"pin,omitempty"`
}

func (o simOperator) put(ctx context.Context, s sim) (put sim, err error) {
	err = o.ask(ctx, "put_sim", s, &put)
	put.operator = o.name
	return put, err
}

// list lists at most limit SIMs after a number, by number; with a number that one
// alone.
func (o simOperator) list(ctx context.Context, number, after string, limit int) ([]sim, error) {
	var found struct {
		SIMs []sim `json:"sims"`
	}
	err := o.ask(ctx, "list_sims", struct {
		MSISDN string `json:"msisdn,omitempty"`
		After  string `json:"after,omitempty"`
		Limit  int    `json:"limit"`
	}{number, after, limit}, &found)
	for i := range found.SIMs {
		found.SIMs[i].operator = o.name
	}
	return found.SIMs, err
}

// ofClient are the parameters that say whose a number is that does not say so
// itself.
func ofClient() []string { return []string{"operator", "country"} }

// testClient finds the SIM that the path names, and its operator.
func (a *api) testClient(r *http.Request) (simOperator, sim, error) {
	if err := inSandbox(r); err != nil {
		return simOperator{}, sim{}, err
	}
	q := newQuery(r)
	operator, country := q.oneOf("operator", operators()...), q.oneOf("country", countries()...)
	number, err := msisdn.Parse(pathText(r, "msisdn"))
	var e *msisdn.Error
	if errors.As(err, &e) {
		q.faults = append(q.faults, domain.FieldError{Pointer: "/path/msisdn", Code: e.Code, Detail: e.Detail, Fix: e.Fix})
	}
	if len(q.faults) == 0 {
		operator, country, q.faults = whose(number, operator, country, "/query/")
	}
	if err := queryError(q.faults); err != nil {
		return simOperator{}, sim{}, err
	}
	o, err := a.operator(r, operator, country)
	if err != nil {
		return o, sim{}, err
	}
	list, err := o.list(r.Context(), string(number), "", 1)
	if err == nil && len(list) == 0 {
		err = errNoClient
	}
	if err != nil {
		return o, sim{}, err
	}
	return o, list[0], nil
}

func countries() []string {
	return []string{string(msisdn.CI), string(msisdn.BJ), string(msisdn.TG), string(msisdn.RW)}
}

// pathText is a part of the path as it is meant: a plus sign may come as %2B.
func pathText(r *http.Request, name string) string {
	raw := chi.URLParam(r, name)
	if plain, err := url.PathUnescape(raw); err == nil {
		return plain
	}
	return raw
}
