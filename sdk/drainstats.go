package sdk

import (
	"context"

	"google.golang.org/grpc/stats"
)

// drainStats counts calls out of the drain when they have ended: after the
// handler, when the answer is queued for the wire. An interceptor returns before
// that, and a server that stops then cuts the last answer.
type drainStats struct{ drain *drain }

// ticket remembers for one call that the drain has counted it in.
type ticket struct{ entered bool }

type ticketKey struct{}

// TagRPC gives each call its ticket.
func (s drainStats) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, ticketKey{}, new(ticket))
}

// HandleRPC counts the call out at its end.
func (s drainStats) HandleRPC(ctx context.Context, e stats.RPCStats) {
	if _, ended := e.(*stats.End); !ended {
		return
	}
	if t, ok := ctx.Value(ticketKey{}).(*ticket); ok && t.entered {
		s.drain.leave()
	}
}

// TagConn leaves the connection as it is: only calls are counted.
func (s drainStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (s drainStats) HandleConn(context.Context, stats.ConnStats) {}
