package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
)

// provedView is what a connector said of a connection just now. Class, code and
// message are null when it is well.
type provedView struct {
	OK      bool    `json:"ok"`
	Class   *string `json:"class"`
	Code    *string `json:"code"`
	Message *string `json:"message"`
	TookMs  int64   `json:"tookMs"`
}

const (
	// proveLimit is how long a connector may take to prove a connection: a person
	// waits for it.
	proveLimit = 25 * time.Second
	// startsIn is about how long a connector takes to start.
	startsIn = 3 * time.Second
)

var errNotReady = &domain.Error{Kind: domain.KindUnavailable, Code: "connector_not_ready", RetryAfter: startsIn}

// proveConnection asks the connector whether the vendor takes the connection. A
// refusal is an answer. The connector of a connection that was never enabled is
// started for it.
func (a *api) proveConnection(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	if err := a.mustBeReady(c); err != nil {
		return err
	}
	if !a.trials.take() {
		return errBusy
	}
	defer a.trials.free()
	ctx, cancel := context.WithTimeout(r.Context(), proveLimit)
	defer cancel()
	began := time.Now() // not the engine's clock: how long it really took
	err = a.cfg.Connectors.Check(ctx, c.Ref())
	v := provedView{OK: err == nil, TookMs: time.Since(began).Milliseconds()}
	var refused *domain.ConnectorError
	switch {
	case errors.As(err, &refused) && refused.Code == errNotReady.Code:
		return notReady(c)
	case errors.As(err, &refused):
		v.Class, v.Code, v.Message = text(refused.Class), text(refused.Code), text(refused.Message)
	case err != nil:
		return err
	}
	return answer(w, http.StatusOK, v)
}

// mustBeReady refuses what no process of the connector could answer on this node now,
// and sees to it that one starts.
func (a *api) mustBeReady(c registry.Connection) error {
	if a.cfg.Connectors.Ready(c.Connector, c.Kind) {
		return nil
	}
	a.cfg.Connectors.Need(c.Connector, c.Kind)
	return notReady(c)
}

func notReady(c registry.Connection) error {
	return errNotReady.Detailed(fmt.Sprintf("No process of the connector %s is ready for %s on this node. Send it again after the time in Retry-After; "+
		"GET /si/connectors/registry says how it is.", c.Connector, c.Kind))
}
