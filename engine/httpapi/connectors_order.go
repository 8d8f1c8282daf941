package httpapi

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/registry"
)

var errNoConnector = &domain.Error{Kind: domain.KindNotFound, Code: "connector_not_found",
	Detail: "No connector of this name is installed: GET /si/connectors/registry lists them."}

// getConnector shows one connector with the tail of each node's log.
func (a *api) getConnector(w http.ResponseWriter, r *http.Request) error {
	v, err := a.connector(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, v)
}

func (a *api) connector(r *http.Request) (connectorView, error) {
	caller := principal(r)
	mine, err := a.cfg.Connections.List(r.Context(), caller.Environment.ID)
	if err != nil {
		return connectorView{}, err
	}
	c, err := a.installed(r, mine)
	if err != nil {
		return connectorView{}, err
	}
	v := a.viewConnector(c, caller, mine)
	for i, in := range c.Instances {
		v.Nodes[i].Log = append([]string{}, in.Stderr...)
	}
	return v, nil
}

// installed finds the connector that the path names.
func (a *api) installed(r *http.Request, mine []registry.Connection) (fleet.Connector, error) {
	all, err := a.connectors(r.Context(), principal(r).Environment, mine)
	if err != nil {
		return fleet.Connector{}, err
	}
	name := chi.URLParam(r, "name")
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
	}
	return fleet.Connector{}, errNoConnector
}

// order is the handler of one of the operators' actions. The answer is the
// connector as it is now: nodes obey within seconds.
func (a *api) order(action fleet.Action) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Reason string `json:"reason"`
		}
		if _, err := a.decode(r, bodyOrder, &in); err != nil {
			return err
		}
		return a.ask(w, r, fleet.Asked{Action: action, Reason: in.Reason})
	}
}

// setLogLevel orders the level of a connector's lines in the nodes' logs.
func (a *api) setLogLevel(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Level  string `json:"level"`
		Reason string `json:"reason"`
	}
	if _, err := a.decode(r, bodyLogLevel, &in); err != nil {
		return err
	}
	return a.ask(w, r, fleet.Asked{Action: fleet.ActionLogLevel, Level: in.Level, Reason: in.Reason})
}

func (a *api) ask(w http.ResponseWriter, r *http.Request, asked fleet.Asked) error {
	_, missing := a.installed(r, nil)
	if missing != nil && asked.Action != fleet.ActionReload { // which finds what was installed since
		return missing
	}
	asked.Connector, asked.Environment, asked.Actor = chi.URLParam(r, "name"), principal(r).Environment, actor(r)
	err := a.cfg.Fleet.Ask(r.Context(), asked)
	if missing != nil && errors.Is(err, fleet.ErrNotOffered) {
		return missing
	}
	if err != nil {
		return err
	}
	v, err := a.connector(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, v)
}
