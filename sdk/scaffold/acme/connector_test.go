package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/scaffold/acme/simulator"
	"github.com/afara-dev/afara/sdk/sdktest"
)

const (
	apiKey        = "key-of-acme"
	webhookSecret = "secret-of-notifications"
	message       = `{"reference":"A","text":"hello"}`
)

// bench is a connector, its vendor, and the connection between them.
type bench struct {
	client     connectorpb.ConnectorClient
	vendor     *simulator.Simulator
	connection *connectorpb.Connection
}

func setup(t *testing.T) *bench {
	t.Helper()
	vendor := simulator.New(apiKey)
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return &bench{
		client: sdktest.NewClient(t, connector{}), vendor: vendor,
		connection: connectionWith(t, settings{BaseURL: server.URL, APIKey: apiKey, WebhookSecret: webhookSecret}),
	}
}

func connectionWith(t *testing.T, s settings) *connectorpb.Connection {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: 1, Environment: "sandbox", Settings: raw}
}

// invoke calls an operation and answers its result or its error.
func (b *bench) invoke(t *testing.T, operation, parameters string, deadline time.Time) (string, *connectorpb.Error) {
	t.Helper()
	answer, err := b.client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.connection, Operation: operation, Key: "key-1", MessageId: "msg_1",
		Parameters: []byte(parameters), DeadlineUnixMicros: deadline.UnixMicro(),
	})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return string(answer.GetResult()), answer.GetError()
}

func soon() time.Time { return time.Now().Add(time.Minute) }

func (b *bench) want(t *testing.T, operation, parameters, result string) {
	t.Helper()
	if got, failure := b.invoke(t, operation, parameters, soon()); failure != nil || got != result {
		t.Errorf("%s answered %s, %v, want %s", operation, got, failure, result)
	}
}

func TestAMessageIsSentOnceAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "acme.find", message, `{"reference":"A","result":"not_found"}`)
	b.want(t, "acme.send", message, `{"number":1}`)
	b.want(t, "acme.find", message, `{"reference":"A","result":"found_final"}`)
	b.want(t, "acme.find", `{"reference":"A","text":"bye"}`,
		`{"reference":"A","result":"found_different","differences":[{"field":"text","expected":"bye","found":"hello"}]}`)
}

func TestADoubtIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vendor.SetFault(simulator.Fault{LoseAnswer: true})
	for _, why := range []string{"the answer is lost", "the reference is taken"} {
		_, failure := b.invoke(t, "acme.send", message, soon())
		if failure.GetClass() != connectorpb.Class_CLASS_UNKNOWN_OUTCOME {
			t.Errorf("%s: %v", why, failure)
		}
	}
	b.want(t, "acme.find", message, `{"reference":"A","result":"found_final"}`)
}

func TestNothingIsBegunAfterTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, failure := b.invoke(t, "acme.send", message, time.Now().Add(-time.Second))
	if failure.GetClass() != connectorpb.Class_CLASS_UNAVAILABLE || len(b.vendor.Messages()) != 0 {
		t.Errorf("%v, %d messages", failure, len(b.vendor.Messages()))
	}
}

func TestCheckTellsAGoodKeyFromARefusedOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection})
	if err != nil || good.GetError() != nil {
		t.Errorf("good: %v %v", good, err)
	}
	b.vendor.SetFault(simulator.Fault{Status: http.StatusUnauthorized})
	refused, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection})
	if err != nil || refused.GetError().GetClass() != connectorpb.Class_CLASS_UNAUTHORIZED {
		t.Errorf("refused: %v %v", refused, err)
	}
}

func TestAPullGoesOnAtItsCursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, reference := range []string{"A", "B", "C"} {
		b.invoke(t, "acme.send", `{"reference":"`+reference+`","text":"hello"}`, soon())
	}
	first, cursor := b.pull(t, nil, 1)
	rest, _ := b.pull(t, cursor, 0)
	if got := append(first, rest...); !slices.Equal(got, []string{"A", "B", "C"}) {
		t.Errorf("got %q", got)
	}
}

func (b *bench) pull(t *testing.T, cursor []byte, limit int32) (keys []string, after []byte) {
	t.Helper()
	stream, err := b.client.Pull(t.Context(), &connectorpb.PullRequest{Connection: b.connection, Stream: "messages", Cursor: cursor, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := stream.Recv()
		if err != nil {
			return keys, after
		}
		for _, r := range batch.Records {
			keys = append(keys, r.Key)
		}
		after = batch.Cursor
	}
}

// push is a notification as the engine hands it on, signed with secret.
func (b *bench) push(secret string) *connectorpb.HandleWebhookRequest {
	body := `{"id":"ntf_1","type":"message.arrived","reference":"A","at":"2026-11-23T10:00:00Z"}`
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "." + body))
	return &connectorpb.HandleWebhookRequest{
		Connection: b.connection, Kind: "message", Method: http.MethodPost, Body: []byte(body), ReceivedUnixMicros: time.Now().UnixMicro(),
		Headers: []*connectorpb.Header{
			{Name: "X-Acme-Timestamp", Values: []string{timestamp}},
			{Name: "X-Acme-Signature", Values: []string{hex.EncodeToString(m.Sum(nil))}},
		},
	}
}

func TestOnlyASignedNotificationIsBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good, err := b.client.HandleWebhook(t.Context(), b.push(webhookSecret))
	if err != nil || good.GetDedupeKey() != "ntf_1" || len(good.GetEvents()) != 1 {
		t.Errorf("signed: %v %v", good, err)
	}
	old := b.push(webhookSecret)
	old.ReceivedUnixMicros += (6 * time.Minute).Microseconds()
	altered := b.push(webhookSecret)
	altered.Body = append(altered.Body, ' ')
	for why, in := range map[string]*connectorpb.HandleWebhookRequest{"another's": b.push("secret-of-somebody-else"), "old": old, "altered": altered} {
		got, err := b.client.HandleWebhook(t.Context(), in)
		if err != nil || got.GetError().GetCode() != "signature_refused" || len(got.GetEvents()) != 0 {
			t.Errorf("%s: %v %v", why, got, err)
		}
	}
}
