package sdk

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// HandleWebhook verifies one pushed request and says what it meant.
func (s *server) HandleWebhook(ctx context.Context, in *connectorpb.HandleWebhookRequest) (*connectorpb.HandleWebhookResponse, error) {
	conn, err := s.connection(in.GetConnection())
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return &connectorpb.HandleWebhookResponse{ConnectionUnknown: true}, nil
	}
	log := s.callLog("operation", "webhook", "kind", in.Kind, "connection", conn.ID)
	var result *WebhookResult
	failure := s.guarded(ctx, log, s.harmless(), func(ctx context.Context) (err error) {
		result, err = s.receive(ctx, readWebhook(conn, in))
		return err
	})
	if failure != nil {
		return &connectorpb.HandleWebhookResponse{Error: s.wireError(failure)}, nil
	}
	return wireWebhook(result), nil
}

func (s *server) receive(ctx context.Context, in *Webhook) (*WebhookResult, error) {
	h, ok := s.connector.(WebhookHandler)
	if !ok || !s.hasWebhook(in.Kind) {
		return nil, Unsupportedf("webhook_unknown", "connector %s has no webhook kind %q", s.manifest.Name, in.Kind)
	}
	result, err := h.HandleWebhook(ctx, in)
	if err == nil && result == nil {
		return nil, Internalf("result_missing", "the handler of webhook %s answered nothing", in.Kind)
	}
	return result, err
}

func (s *server) hasWebhook(kind string) bool {
	for _, w := range s.manifest.Webhooks {
		if w.Name == kind {
			return true
		}
	}
	return false
}

func readWebhook(conn *Connection, in *connectorpb.HandleWebhookRequest) *Webhook {
	header := make(http.Header, len(in.Headers))
	for _, h := range in.Headers {
		for _, v := range h.Values {
			header.Add(h.Name, v)
		}
	}
	w := &Webhook{
		Connection: conn, Kind: in.Kind, Method: in.Method, Path: in.Path,
		Query: in.Query, Header: header, Body: in.Body,
	}
	if in.ReceivedUnixMicros != 0 {
		w.ReceivedAt = time.UnixMicro(in.ReceivedUnixMicros)
	}
	return w
}

func wireWebhook(r *WebhookResult) *connectorpb.HandleWebhookResponse {
	reply := &connectorpb.HttpReply{Status: int32(r.Reply.Status), Body: r.Reply.Body}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	for _, name := range slices.Sorted(maps.Keys(r.Reply.Header)) {
		reply.Headers = append(reply.Headers, &connectorpb.Header{Name: name, Values: r.Reply.Header[name]})
	}
	out := &connectorpb.HandleWebhookResponse{DedupeKey: r.DedupeKey, Reply: reply}
	for _, e := range r.Events {
		w := &connectorpb.WebhookEvent{Type: e.Type, Reference: e.Reference, Data: e.Data}
		if !e.OccurredAt.IsZero() {
			w.OccurredUnixMicros = e.OccurredAt.UnixMicro()
		}
		out.Events = append(out.Events, w)
	}
	return out
}
