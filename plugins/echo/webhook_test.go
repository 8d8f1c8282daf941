package main

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// notify gives a notification as the engine hands it on.
func (b *bench) notify(t *testing.T) *connectorpb.HandleWebhookRequest {
	t.Helper()
	b.invoke(t, "invoice.sign", irnOnly)
	request, ok, err := b.registry.Notification(t.Context(), "http://127.0.0.1/hooks", irn)
	if err != nil || !ok {
		t.Fatalf("no notification: %v", err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	in := &connectorpb.HandleWebhookRequest{
		Connection: b.connection, Kind: "document", Method: http.MethodPost, Path: "/hooks",
		Body: body, ReceivedUnixMicros: time.Now().UnixMicro(),
	}
	for name, values := range request.Header {
		in.Headers = append(in.Headers, &connectorpb.Header{Name: name, Values: values})
	}
	return in
}

func TestASignedNotificationIsBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.client.HandleWebhook(t.Context(), b.notify(t))
	if err != nil || answer.Error != nil {
		t.Fatalf("%v %v", answer, err)
	}
	if answer.DedupeKey != "ntf_1" || len(answer.Events) != 1 || answer.Events[0].Reference != irn ||
		answer.Events[0].OccurredUnixMicros == 0 || answer.Reply.Status != http.StatusOK {
		t.Errorf("got %v", answer)
	}
}

func TestAnUnprovedNotificationIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*connectorpb.HandleWebhookRequest){
		"altered body":    func(in *connectorpb.HandleWebhookRequest) { in.Body[0] ^= 1 },
		"no headers":      func(in *connectorpb.HandleWebhookRequest) { in.Headers = nil },
		"old":             func(in *connectorpb.HandleWebhookRequest) { in.ReceivedUnixMicros += int64(6 * time.Minute / 1000) },
		"from the future": func(in *connectorpb.HandleWebhookRequest) { in.ReceivedUnixMicros -= int64(6 * time.Minute / 1000) },
		"another's secret": func(in *connectorpb.HandleWebhookRequest) {
			in.Connection.Settings = []byte(`{"baseUrl":"http://127.0.0.1","apiKey":"key-of-the-registry","webhookSecret":"secret-of-somebody-else"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := b.notify(t)
			spoil(in)
			answer, err := b.client.HandleWebhook(t.Context(), in)
			if err != nil || answer.GetError().GetCode() != "signature_refused" || len(answer.Events) != 0 {
				t.Errorf("got %v %v", answer, err)
			}
		})
	}
}

func TestWithoutASecretNothingIsBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.notify(t)
	in.Connection = connectionWith(t, settings{BaseURL: "http://127.0.0.1", APIKey: apiKey})
	answer, err := b.client.HandleWebhook(t.Context(), in)
	if err != nil || answer.GetError().GetClass() != connectorpb.Class_CLASS_MISCONFIGURED {
		t.Errorf("got %v %v", answer, err)
	}
}
