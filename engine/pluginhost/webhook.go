package pluginhost

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// webhookTimeout is for the verification of one webhook, with a vendor waiting.
const webhookTimeout = 10 * time.Second

// HandleWebhook lets a connector verify one pushed request and never fails by
// itself: whatever happens is an outcome of one class, and only ClassResult means
// that any of it may be believed. A stranger may have sent it, so it counts
// neither for the connection's breaker nor as a refusal by the vendor.
func (h *Host) HandleWebhook(ctx context.Context, w domain.Webhook) domain.WebhookOutcome {
	if !h.gate.enter() {
		return unverified(errClosing())
	}
	defer h.gate.leave()
	in, refusal := h.find(w.Connection)
	if refusal != nil {
		return unverified(refusal)
	}
	return in.handleWebhook(ctx, &w)
}

func unverified(e *domain.ConnectorError) domain.WebhookOutcome {
	return domain.WebhookOutcome{Class: e.Class, Error: e}
}

func (in *instance) handleWebhook(ctx context.Context, w *domain.Webhook) domain.WebhookOutcome {
	if refusal := in.served.Load().refuseWebhook(w); refusal != nil {
		return unverified(refusal)
	}
	began := in.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	out := in.reachWebhook(ctx, w)
	ended := in.cfg.Now()
	in.metrics.operation(in.name, in.env, "webhook:"+w.Kind).observe(out.Class, ended.Sub(began))
	if out.Class == domain.ClassInternal {
		in.lastError.Store(&LastError{Class: out.Class, Code: out.Error.Code, Operation: "webhook:" + w.Kind, At: ended})
	}
	return out
}

// refuseWebhook finds what is wrong with a request before anything is spent on
// it.
func (s *served) refuseWebhook(w *domain.Webhook) *domain.ConnectorError {
	if !s.hasWebhook(w.Kind) {
		return classed(domain.ClassUnsupported, "webhook_unknown", "connector "+s.name+" has no such kind of webhook")
	}
	size := len(w.Body) + len(w.Path) + len(w.Query)
	sound := utf8.ValidString(w.Method) && utf8.ValidString(w.Path) && utf8.ValidString(w.Query)
	for name, values := range w.Header {
		size += len(name)
		sound = sound && utf8.ValidString(name)
		for _, v := range values {
			size += len(v)
			sound = sound && utf8.ValidString(v)
		}
	}
	if !sound {
		// The contract's texts are UTF-8: the connector could not be given it as it came.
		return invalid("webhook_not_utf8", "the request's path, query or headers are not UTF-8")
	}
	if size > s.maxMessage() {
		return invalid("message_too_large", "the request has more bytes than the connector takes")
	}
	return nil
}

func (e *entry) hasWebhook(kind string) bool {
	for _, k := range e.manifest.Webhooks {
		if k.Name == kind {
			return true
		}
	}
	return false
}

// reachWebhook asks the connector when slots and process allow it.
func (in *instance) reachWebhook(ctx context.Context, w *domain.Webhook) domain.WebhookOutcome {
	conn := in.connection(w.Connection)
	held, refusal := in.acquire(ctx, conn)
	if refusal != nil {
		return unverified(refusal)
	}
	defer held.release()
	p := held.process
	req := wireWebhook(w)
	req.Connection = conn.ref(in.env)
	res, err := p.calls.HandleWebhook(ctx, req)
	if err == nil && res.GetConnectionUnknown() {
		known, openErr := in.open(ctx, p, conn)
		if openErr != nil {
			in.log.Warn("connection cannot be opened", "connection", conn.id, "error", openErr)
			return unverified(unavailable("connection_unreadable", "the connection's settings cannot be read now", 0))
		}
		req.Connection = known
		res, err = p.calls.HandleWebhook(ctx, req)
	}
	if err != nil {
		return in.lostWebhook(ctx, p, err)
	}
	p.answered.Add(1)
	if res.GetConnectionUnknown() {
		return unverified(internal("connection_unknown", "the connector does not take the connection's settings"))
	}
	return in.readWebhook(res)
}

// lostWebhook classes a call without an answer. What is in flight beside it when
// the process ends must not be taken for alone: a stranger's bytes may have done
// it.
func (in *instance) lostWebhook(ctx context.Context, p *process, err error) domain.WebhookOutcome {
	code := status.Code(err)
	if code == codes.Canceled && ctx.Err() == nil {
		code = codes.Unavailable // the host has let go of the connection of a dead process
	}
	crashed := false
	if code == codes.Unavailable {
		inFlight := p.inFlight.Load()
		if crashed = p.exitedWithin(exitNotice) && !p.closing.Load(); crashed {
			in.current.CompareAndSwap(p, nil)
			p.died(inFlight)
		}
	}
	out := unverified(lostError(ctx, code, crashed))
	out.Crashed = crashed
	return out
}

func wireWebhook(w *domain.Webhook) *connectorpb.HandleWebhookRequest {
	req := &connectorpb.HandleWebhookRequest{
		Kind: w.Kind, Method: w.Method, Path: w.Path, Query: w.Query, Body: w.Body, ReceivedUnixMicros: domain.Micros(w.ReceivedAt),
	}
	for _, name := range slices.Sorted(maps.Keys(w.Header)) {
		req.Headers = append(req.Headers, &connectorpb.Header{Name: http.CanonicalHeaderKey(name), Values: w.Header[name]})
	}
	return req
}
