package sdk_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/sdktest"
)

// source is a probe that pulls and takes webhooks.
type source struct {
	probe
	pull func(context.Context, *sdk.Pull, func(sdk.Batch) error) error
	hook func(*sdk.Webhook) (*sdk.WebhookResult, error)
}

func (source) Manifest() []byte {
	return []byte(strings.Replace(probeManifest, `"operations"`, `"streams": [{"name": "s", "title": "S"}], "webhooks": [{"name": "w", "title": "W"}], "operations"`, 1))
}

func (s source) Pull(ctx context.Context, in *sdk.Pull, emit func(sdk.Batch) error) error {
	return s.pull(ctx, in, emit)
}

func (s source) HandleWebhook(_ context.Context, in *sdk.Webhook) (*sdk.WebhookResult, error) {
	return s.hook(in)
}

func serveSource(t *testing.T, s source) connectorpb.ConnectorClient {
	t.Helper()
	return sdktest.NewClient(t, s, sdk.WithLogOutput(new(buffer)))
}

func pullAll(t *testing.T, c connectorpb.ConnectorClient, in *connectorpb.PullRequest) (all []*connectorpb.PullResponse, err error) {
	t.Helper()
	in.Connection = connection(3, "{}")
	stream, err := c.Pull(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for {
		a, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, a)
	}
}

func TestPullCarriesBatchesCursorAndCredential(t *testing.T) {
	t.Parallel()
	left, at := int64(4), time.UnixMicro(1_800_000_000_000_001)
	doc := schemas.Restore("s", schemas.DigestOf([]byte("{}")), []byte("{}"))
	c := serveSource(t, source{pull: func(_ context.Context, in *sdk.Pull, emit func(sdk.Batch) error) error {
		if in.Stream != "s" || string(in.Cursor) != "c0" || in.Limit != 9 || !in.Preview {
			t.Errorf("got %+v", in)
		}
		if err := emit(sdk.Batch{Records: []sdk.Record{{Key: "k", Document: doc, OccurredAt: at}}, Cursor: []byte("c1"), Remaining: &left}); err != nil {
			return err
		}
		if err := in.Connection.UpdateCredential("new"); err != nil {
			return err
		}
		return emit(sdk.Batch{Cursor: []byte("c2"), CaughtUp: true})
	}})
	all, err := pullAll(t, c, &connectorpb.PullRequest{Stream: "s", Cursor: []byte("c0"), Limit: 9, Preview: true})
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	first, second := all[0], all[1]
	r := first.Records[0]
	if string(first.Cursor) != "c1" || first.Remaining != 4 || first.CaughtUp || first.CredentialUpdate != nil ||
		r.Key != "k" || string(r.Document.Body) != "{}" || r.Document.Schema != "s" || r.OccurredUnixMicros != at.UnixMicro() {
		t.Errorf("first: %v", first)
	}
	if string(second.Cursor) != "c2" || second.Remaining != -1 || !second.CaughtUp || second.CredentialUpdate.GetBasedOnVersion() != 3 {
		t.Errorf("second: %v", second)
	}
}

// What only carries a credential must not lead back to where the pull began.
func TestACredentialAtTheEndKeepsTheLastCursor(t *testing.T) {
	t.Parallel()
	c := serveSource(t, source{pull: func(_ context.Context, in *sdk.Pull, emit func(sdk.Batch) error) error {
		if err := emit(sdk.Batch{Cursor: []byte("c1")}); err != nil {
			return err
		}
		return in.Connection.UpdateCredential("new")
	}})
	all, err := pullAll(t, c, &connectorpb.PullRequest{Stream: "s", Cursor: []byte("c0")})
	if err != nil || len(all) != 2 || all[1].CredentialUpdate == nil || string(all[1].Cursor) != "c1" {
		t.Fatalf("%v %v", all, err)
	}
}

func TestAPullThatFailsSaysSoAfterItsBatches(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		f    func() error
		code string
	}{
		"error": {func() error { return sdk.RateLimitedf("slow_down", "later") }, "slow_down"},
		"panic": {func() error { panic("oops") }, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serveSource(t, source{pull: func(_ context.Context, _ *sdk.Pull, emit func(sdk.Batch) error) error {
				if err := emit(sdk.Batch{Cursor: []byte("c1")}); err != nil {
					return err
				}
				return end.f()
			}})
			all, err := pullAll(t, c, &connectorpb.PullRequest{Stream: "s"})
			if err != nil || len(all) != 2 || string(all[0].Cursor) != "c1" || all[1].GetError().GetCode() != end.code {
				t.Errorf("%v %v", all, err)
			}
		})
	}
}

func TestAnUnknownStreamOrKindIsUnsupported(t *testing.T) {
	t.Parallel()
	c := serveSource(t, source{})
	all, err := pullAll(t, c, &connectorpb.PullRequest{Stream: "other"})
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	wantError(t, all[0].GetError(), unsupported, "stream_unknown")
	a, err := c.HandleWebhook(t.Context(), &connectorpb.HandleWebhookRequest{Connection: connection(1, "{}"), Kind: "other"})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, a.GetError(), unsupported, "webhook_unknown")
}

func TestAWebhookPassesRawAndItsReplyReturns(t *testing.T) {
	t.Parallel()
	at := time.UnixMicro(1_800_000_000_000_001)
	c := serveSource(t, source{hook: func(in *sdk.Webhook) (*sdk.WebhookResult, error) {
		if in.Method != "POST" || in.Path != "/p" || in.Query != "a=1" || in.Header.Get("X-Two") != "1" || len(in.Header.Values("x-two")) != 2 ||
			string(in.Body) != "raw \x00" || !in.ReceivedAt.Equal(at) {
			t.Errorf("got %+v", in)
		}
		return &sdk.WebhookResult{
			DedupeKey: "d", Events: []sdk.WebhookEvent{{Type: "t", Reference: "r", Data: []byte("{}"), OccurredAt: at}},
			Reply: sdk.Reply{Status: 202, Header: http.Header{"A": {"b"}}, Body: []byte("ok")},
		}, nil
	}})
	a, err := c.HandleWebhook(t.Context(), &connectorpb.HandleWebhookRequest{
		Connection: connection(1, "{}"), Kind: "w", Method: "POST", Path: "/p", Query: "a=1",
		Headers: []*connectorpb.Header{{Name: "x-two", Values: []string{"1", "2"}}}, Body: []byte("raw \x00"), ReceivedUnixMicros: at.UnixMicro(),
	})
	if err != nil || a.Error != nil {
		t.Fatalf("%v %v", a, err)
	}
	e := a.Events[0]
	if a.DedupeKey != "d" || e.Type != "t" || e.Reference != "r" || string(e.Data) != "{}" || e.OccurredUnixMicros != at.UnixMicro() ||
		a.Reply.Status != 202 || string(a.Reply.Body) != "ok" || a.Reply.Headers[0].Name != "A" {
		t.Errorf("got %v", a)
	}
}

func TestAWebhookHandlerThatAnswersNothingIsNotBelieved(t *testing.T) {
	t.Parallel()
	c := serveSource(t, source{hook: func(*sdk.Webhook) (*sdk.WebhookResult, error) { return nil, nil }})
	a, err := c.HandleWebhook(t.Context(), &connectorpb.HandleWebhookRequest{Connection: connection(1, "{}"), Kind: "w"})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, a.GetError(), internal, "result_missing")
}
