package pluginhost

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/engine/domain"
)

// lostCall is a call that ended below the contract: no answer came back.
type lostCall struct {
	err  error
	sent bool // it may have reached the connector
}

// exitNotice is how long after a broken connection the process's end is
// noticed at the latest, if it ended. A machine that is busy reaps late, and
// an end that is not noticed makes no suspect of the message that caused it.
const exitNotice = time.Second

// settleLost classes a call without an answer. An effect that was sent is in
// doubt, whatever gRPC calls the failure: only what never left the host, and
// what has no effect, may be called off.
func (in *instance) settleLost(ctx context.Context, p *process, op *operationState, lost *lostCall, out *domain.Outcome) {
	code := status.Code(lost.err)
	if code == codes.Canceled && ctx.Err() == nil {
		code = codes.Unavailable // the host has let go of the connection of a dead process
	}
	if code == codes.Unavailable {
		inFlight := p.inFlight.Load() // before the others see it too and leave
		if p.exitedWithin(exitNotice) && !p.closing.Load() {
			in.current.CompareAndSwap(p, nil) // not ready, from the first witness on
			out.Crashed, out.Alone = lost.sent, p.died(inFlight) <= 1 && lost.sent
		}
	}
	e := lostError(ctx, code, out.Crashed)
	if lost.sent && op.doubtful() {
		e.Class = domain.ClassUnknownOutcome
	}
	in.log.Debug("connector gave no answer", "operation", op.name, "class", e.Class, "code", e.Code,
		"sent", lost.sent, "error", in.redact.mask(lost.err.Error()))
	fail(out, e)
}

// lostError words the failure as that of a read.
func lostError(ctx context.Context, code codes.Code, crashed bool) *domain.ConnectorError {
	switch {
	case crashed:
		return unavailable("connector_crashed", "the connector's process ended under the call", 0)
	case code == codes.Unavailable:
		return unavailable("connector_unreachable", "the connector's process cannot be reached", 0)
	case code == codes.Canceled, ctx.Err() == context.Canceled:
		return unavailable("call_cut", "the call was given up before an answer came", 0)
	case code == codes.DeadlineExceeded:
		return unavailable("deadline_exceeded", "the connector did not answer before the deadline", 0)
	case code == codes.ResourceExhausted:
		return internal("message_too_large", "the connector's answer, or the request, was larger than the limit")
	default:
		return internal("connector_failed", fmt.Sprintf("the connector's process answered gRPC status %s", code))
	}
}
