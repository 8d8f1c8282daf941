package pluginhost

import (
	"context"
	"time"

	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// checkTimeout is for "test connection", with a person waiting.
const checkTimeout = 30 * time.Second

// Check proves a connection's settings, credential and network now, also while
// its breaker is open; a success closes the breaker. The error is a
// *domain.ConnectorError.
func (h *Host) Check(ctx context.Context, ref domain.ConnectionRef) error {
	if !h.gate.enter() {
		return errClosing()
	}
	defer h.gate.leave()
	in, refusal := h.find(ref)
	if refusal != nil {
		return refusal
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if e := in.check(ctx, in.connection(ref)); e != nil {
		return e
	}
	return nil
}

func (in *instance) check(ctx context.Context, conn *connection) *domain.ConnectorError {
	held, refusal := in.acquire(ctx, conn)
	if refusal != nil {
		return refusal
	}
	defer held.release()
	res, err := in.askCheck(ctx, held.process, conn)
	if err != nil {
		return err
	}
	if u := res.GetCredentialUpdate(); u != nil {
		in.saveCredential(ctx, conn, u)
	}
	if e := res.GetError(); e != nil {
		return in.checkError(e)
	}
	conn.breaker.reset()
	return nil
}

// askCheck asks, twice when the connector does not know the connection.
func (in *instance) askCheck(ctx context.Context, p *process, conn *connection) (*connectorpb.CheckResponse, *domain.ConnectorError) {
	res, err := p.calls.Check(ctx, &connectorpb.CheckRequest{Connection: conn.ref(in.env)})
	if err == nil && res.GetConnectionUnknown() {
		known, openErr := in.open(ctx, p, conn)
		if openErr != nil {
			in.log.Warn("connection cannot be opened", "connection", conn.id, "error", openErr)
			return nil, unavailable("connection_unreadable", "the connection's settings cannot be read now", 0)
		}
		res, err = p.calls.Check(ctx, &connectorpb.CheckRequest{Connection: known})
	}
	if err != nil {
		inFlight := p.inFlight.Load()
		crashed := ctx.Err() == nil && p.exitedWithin(exitNotice)
		if crashed {
			p.died(inFlight) // a neighbour that fell with this is not alone
		}
		return nil, lostError(ctx, status.Code(err), crashed)
	}
	if res.GetConnectionUnknown() {
		return nil, internal("connection_unknown", "the connector does not take the connection's settings")
	}
	p.answered.Add(1)
	return res, nil
}

func (in *instance) checkError(e *connectorpb.Error) *domain.ConnectorError {
	class, known := classOf(e.GetClass())
	c := in.connectorError(e)
	if c.Class = class; !known {
		c.Class = domain.ClassInternal
	}
	return c
}
