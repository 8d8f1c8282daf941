package pluginhost

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Invoke runs one operation once and never fails by itself: whatever happens
// is an Outcome of one class. On an operation with an effect every class but
// unknown_outcome promises that nothing happened and nothing will, unless it
// is the vendor's own answer.
func (h *Host) Invoke(ctx context.Context, c domain.Call) domain.Outcome {
	if !h.gate.enter() {
		return h.turnedAway(errClosing())
	}
	defer h.gate.leave()
	in, refusal := h.find(c.Connection)
	if refusal != nil {
		return h.turnedAway(refusal)
	}
	return in.invoke(ctx, &c)
}

func (h *Host) turnedAway(e *domain.ConnectorError) domain.Outcome {
	now := h.cfg.Now()
	return domain.Outcome{Class: e.Class, Error: e, Began: now, Ended: now}
}

func (in *instance) invoke(ctx context.Context, c *domain.Call) domain.Outcome {
	// Read before the engine's clock, and never after: what a call has left counts
	// from here, so a process that stands still anywhere below has lost the time.
	started := time.Now()
	s := in.served.Load()
	out := domain.Outcome{ConnectorVersion: s.manifest.Version, Began: in.cfg.Now()}
	op, refusal := in.operation(s, c)
	if refusal != nil {
		fail(&out, refusal)
	} else {
		in.attempt(ctx, started, op, c, &out)
	}
	out.Ended = in.cfg.Now()
	in.observe(op, &out)
	return out
}

func fail(out *domain.Outcome, e *domain.ConnectorError) {
	out.Class, out.Error, out.Result = e.Class, e, nil
}

// operation finds what a call asks of a version, and what is wrong with the call
// before anything is spent on it.
func (in *instance) operation(s *served, c *domain.Call) (*operationState, *domain.ConnectorError) {
	op, ok := s.operations[c.Operation]
	if !ok {
		return nil, unsupported(fmt.Sprintf("connector %s has no operation %q", in.name, c.Operation))
	}
	return op, in.refuse(op, c)
}

func (in *instance) refuse(op *operationState, c *domain.Call) *domain.ConnectorError {
	if op.sandboxOnly && in.env != domain.Sandbox {
		return unsupported(fmt.Sprintf("operation %s works in the sandbox only", op.name))
	}
	if c.Document.Schema != "" && c.Document.Digest == (schemas.Digest{}) {
		return internal("document_unproved", "the document carries no digest; prove or restore it first")
	}
	if len(c.Parameters) == 0 {
		c.Parameters = []byte("{}")
	}
	if size, limit := len(c.Document.Body)+len(c.Parameters)+len(c.State), op.of.maxMessage(); size > limit {
		return invalid("message_too_large", fmt.Sprintf("document, parameters and state have %d bytes, the connector takes %d; send a smaller document", size, limit))
	}
	if err := op.input(c.Parameters); err != nil {
		return invalidParameters(err)
	}
	return nil
}

// attempt sends the call when its deadline and the breaker allow it.
func (in *instance) attempt(ctx context.Context, started time.Time, op *operationState, c *domain.Call, out *domain.Outcome) {
	left := op.deadline
	if !c.Deadline.IsZero() {
		left = min(left, c.Deadline.Sub(out.Began))
	}
	if left <= 0 {
		fail(out, unavailable("deadline_passed", "the call's deadline had passed before it was sent", 0))
		return
	}
	ctx, cancel := context.WithDeadline(ctx, started.Add(failpoint.Scale(left)))
	defer cancel()
	conn := in.connection(c.Connection)
	if op.local {
		// It says nothing of the vendor, neither that it is away nor that it is
		// back, and works without it.
		in.reach(ctx, conn, op, c, out)
		return
	}
	pass, wait := conn.breaker.allow(out.Began)
	if wait > 0 {
		fail(out, unavailable("breaker_open", "too many calls of this connection in a row had no answer", wait))
		return
	}
	v := vendorNotAsked
	defer func() { conn.breaker.done(in.cfg.Now(), pass, v) }()
	if in.reach(ctx, conn, op, c, out) {
		v = judge(ctx, out)
	}
}

// reach sends the call when slots and process allow it, and reports whether
// they did. Another version may have come since the call was checked: the one
// that serves it says what it may be.
func (in *instance) reach(ctx context.Context, conn *connection, op *operationState, c *domain.Call, out *domain.Outcome) bool {
	held, refusal := in.acquire(ctx, conn)
	if refusal != nil {
		fail(out, refusal)
		return false
	}
	defer held.release()
	if s := held.process.served; s != op.of {
		out.ConnectorVersion = s.manifest.Version
		if op, refusal = in.operation(s, c); refusal != nil {
			fail(out, refusal)
			return false
		}
	}
	in.send(ctx, held.process, conn, op, c, out)
	return true
}

// judge says what an outcome tells of the vendor.
func judge(ctx context.Context, out *domain.Outcome) verdict {
	switch out.Class {
	case domain.ClassUnavailable, domain.ClassUnknownOutcome:
		if ctx.Err() == context.Canceled {
			return vendorNotAsked // our caller gave up, not the vendor
		}
		return vendorFailed
	case domain.ClassInternal:
		return vendorNotAsked
	default:
		return vendorAnswered
	}
}

// send makes the call, twice when the connector does not know the connection.
func (in *instance) send(ctx context.Context, p *process, conn *connection, op *operationState, c *domain.Call, out *domain.Outcome) {
	req := in.request(ctx, conn, c)
	res, lost := in.call(ctx, p, op, req)
	if lost == nil && res.GetConnectionUnknown() {
		known, err := in.open(ctx, p, conn)
		if err != nil {
			in.log.Warn("connection cannot be opened", "connection", conn.id, "error", err)
			fail(out, unavailable("connection_unreadable", "the connection's settings cannot be read now", 0))
			return
		}
		req.Connection = known
		res, lost = in.call(ctx, p, op, req)
	}
	switch {
	case lost != nil:
		in.settleLost(ctx, p, op, lost, out)
	case res.GetConnectionUnknown():
		fail(out, internal("connection_unknown", "the connector does not take the connection's settings"))
	default:
		in.settle(ctx, conn, op, res, out)
	}
}

// call is the hot path: one unary call.
func (in *instance) call(ctx context.Context, p *process, op *operationState, req *connectorpb.InvokeRequest) (*connectorpb.InvokeResponse, *lostCall) {
	var to peer.Peer
	res, err := p.calls.Invoke(ctx, req, grpc.Peer(&to))
	if err == nil {
		if op.doubtful() && !res.GetConnectionUnknown() {
			failpoint.Hit(failpoint.AnswerReceived)
		}
		p.answered.Add(1)
		return res, nil
	}
	// gRPC fills the peer once the call had a stream: without one, nothing of
	// it has left the host.
	return nil, &lostCall{err: err, sent: to.Addr != nil}
}

func (in *instance) request(ctx context.Context, conn *connection, c *domain.Call) *connectorpb.InvokeRequest {
	req := &connectorpb.InvokeRequest{
		Connection: conn.ref(in.env), Operation: c.Operation, Key: c.Key,
		Parameters: c.Parameters, State: c.State,
		MessageId: string(c.Message), Traceparent: c.Traceparent,
	}
	if c.Document.Schema != "" {
		req.Document = &connectorpb.Document{
			Schema: string(c.Document.Schema), Digest: c.Document.Digest[:], Body: c.Document.Body,
		}
	}
	// The context's deadline is in this machine's time, which the connector
	// shares; the engine's clock may be set to the database's.
	if at, ok := ctx.Deadline(); ok {
		req.DeadlineUnixMicros = at.UnixMicro()
	}
	return req
}

// observe counts how a call ended.
func (in *instance) observe(op *operationState, out *domain.Outcome) {
	if op == nil {
		return
	}
	took := out.Ended.Sub(out.Began)
	op.window.add(out.Ended, took, failedClass(out.Class))
	op.meters.observe(out.Class, took)
	if out.Class == domain.ClassResult {
		in.lastSuccess.Store(out.Ended.UnixMicro())
		return
	}
	in.lastError.Store(&LastError{Class: out.Class, Code: out.Error.Code, Operation: op.name, At: out.Ended})
}

func (e *entry) maxMessage() int {
	if l := e.manifest.Limits; l != nil && l.MaxMessageBytes > 0 {
		return l.MaxMessageBytes
	}
	return sdk.MaxMessageBytes - envelopeBytes
}

// notReady asks for another try about when the next start is due.
func (in *instance) notReady() *domain.ConnectorError {
	in.mu.Lock()
	state := in.state
	in.mu.Unlock()
	wait := time.Second
	if state == StateCrashLoop || state == StateIncompatible {
		wait = in.cfg.RestartMax
	}
	return unavailable("connector_not_ready", fmt.Sprintf("connector %s is %s", in.name, state), wait)
}

// envelopeBytes is room for what surrounds document, parameters and state.
const envelopeBytes = 64 << 10
