package simnettest

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Hook is the engine's side of the pushes of an operator: it keeps them as they
// came.
type Hook struct {
	URL string
	got chan *connectorpb.HandleWebhookRequest
}

// NewHook serves a webhook of a kind.
func NewHook(t testing.TB, kind string) *Hook {
	h := &Hook{got: make(chan *connectorpb.HandleWebhookRequest, 16)}
	h.URL = Serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.got <- &connectorpb.HandleWebhookRequest{
			Kind: kind, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: body, ReceivedUnixMicros: time.Now().UnixMicro(),
		}
	}) + "/v1/webhooks/con_1/" + kind
	return h
}

// Next is the push that came next.
func (h *Hook) Next(t testing.TB) *connectorpb.HandleWebhookRequest {
	t.Helper()
	select {
	case in := <-h.got:
		return in
	case <-time.After(10 * time.Second):
		t.Fatal("the operator pushed nothing")
		return nil
	}
}
