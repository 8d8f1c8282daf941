package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// on sets the connection of a call.
func on(id string, version int64, settings string) func(*connectorpb.InvokeRequest) {
	return func(in *connectorpb.InvokeRequest) {
		in.Connection = &connectorpb.Connection{Id: id, Version: version, Environment: "sandbox", Settings: []byte(settings)}
	}
}

// urlTeller answers the url of the connection it runs for.
func urlTeller(runs *atomic.Int64) probe {
	return probe{run: func(_ context.Context, call *sdk.Call) (json.RawMessage, error) {
		runs.Add(1)
		var s struct{ URL string }
		if err := call.Connection.Settings(&s); err != nil {
			return nil, err
		}
		return json.Marshal(s.URL)
	}}
}

func TestAnUnknownConnectionIsAskedForBeforeAnyHandlerRuns(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	e := start(t, urlTeller(&runs))
	if a := e.invoke(t, "probe.run", on("con_1", 1, "")); !a.ConnectionUnknown || a.Outcome != nil || runs.Load() != 0 {
		t.Fatalf("unknown connection: %v after %d runs", a, runs.Load())
	}
	for _, settings := range []string{`{"url":"a"}`, ""} {
		if a := e.invoke(t, "probe.run", on("con_1", 1, settings)); string(a.GetResult()) != `"a"` {
			t.Fatalf("settings %q: %v", settings, a)
		}
	}
	if a := e.invoke(t, "probe.run", on("con_1", 2, "")); !a.ConnectionUnknown {
		t.Errorf("another version: %v", a)
	}
	if a := e.invoke(t, "probe.run", on("con_2", 1, "")); !a.ConnectionUnknown {
		t.Errorf("another connection: %v", a)
	}
}

func TestEveryCallAsksForAnUnknownConnection(t *testing.T) {
	t.Parallel()
	e := start(t, probe{})
	c := &connectorpb.Connection{Id: "con_1", Version: 1}
	checked, err := e.Check(t.Context(), &connectorpb.CheckRequest{Connection: c})
	if err != nil || !checked.ConnectionUnknown {
		t.Errorf("check: %v %v", checked, err)
	}
	hooked, err := e.HandleWebhook(t.Context(), &connectorpb.HandleWebhookRequest{Connection: c})
	if err != nil || !hooked.ConnectionUnknown {
		t.Errorf("webhook: %v %v", hooked, err)
	}
	stream, err := e.Pull(t.Context(), &connectorpb.PullRequest{Connection: c})
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := stream.Recv()
	if err != nil || !pulled.ConnectionUnknown {
		t.Errorf("pull: %v %v", pulled, err)
	}
}

func TestANewerVersionReplacesTheOlder(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	e := start(t, urlTeller(&runs))
	e.invoke(t, "probe.run", on("con_1", 1, `{"url":"a"}`))
	e.invoke(t, "probe.run", on("con_1", 2, `{"url":"b"}`))
	if a := e.invoke(t, "probe.run", on("con_1", 1, "")); !a.ConnectionUnknown {
		t.Errorf("the old version is still known: %v", a)
	}
	if a := e.invoke(t, "probe.run", on("con_1", 1, `{"url":"a"}`)); string(a.GetResult()) != `"a"` {
		t.Errorf("a late call of the old version: %v", a)
	}
	if a := e.invoke(t, "probe.run", on("con_1", 2, "")); string(a.GetResult()) != `"b"` {
		t.Errorf("the new version was replaced by the late call: %v", a)
	}
}

func TestTheLeastRecentlyUsedConnectionIsForgotten(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	e := start(t, urlTeller(&runs), sdk.WithConnections(2))
	e.invoke(t, "probe.run", on("a", 1, `{}`))
	e.invoke(t, "probe.run", on("b", 1, `{}`))
	e.invoke(t, "probe.run", on("a", 1, ""))
	e.invoke(t, "probe.run", on("c", 1, `{}`))
	for id, known := range map[string]bool{"a": true, "b": false, "c": true} {
		if a := e.invoke(t, "probe.run", on(id, 1, "")); a.ConnectionUnknown == known {
			t.Errorf("connection %s known: %t", id, !a.ConnectionUnknown)
		}
	}
}

func TestStateAndCredentialTravelWithEveryAnswer(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{"result": nil, "error": sdk.Unavailablef("later", "later")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, probe{sign: func(_ context.Context, call *sdk.Call) error {
				var old struct{ Token string }
				if err := call.Connection.Credential(&old); err != nil || old.Token != "old" || string(call.State) != "before" {
					t.Errorf("credential %v, state %q, %v", old, call.State, err)
				}
				call.SetState([]byte("after"))
				if err := call.Connection.UpdateCredential(map[string]string{"token": "new"}); err != nil {
					t.Error(err)
				}
				return end
			}})
			a := e.invoke(t, "invoice.sign", func(in *connectorpb.InvokeRequest) {
				in.Connection.Version, in.Connection.Credential, in.State = 7, []byte(`{"token":"old"}`), []byte("before")
			})
			u := a.GetCredentialUpdate()
			if string(a.State) != "after" || u.GetBasedOnVersion() != 7 || string(u.GetCredential()) != `{"token":"new"}` {
				t.Errorf("got %v", a)
			}
		})
	}
}

func TestMalformedCallsAreRefusedBelowTheContract(t *testing.T) {
	t.Parallel()
	e := start(t, probe{})
	for name, in := range map[string]*connectorpb.InvokeRequest{
		"no connection": {Operation: "invoice.sign"},
		"no id":         {Operation: "invoice.sign", Connection: &connectorpb.Connection{Settings: []byte("{}")}},
		"short digest":  {Operation: "invoice.sign", Connection: connection(1, "{}"), Document: &connectorpb.Document{Digest: []byte("short")}},
	} {
		if _, err := e.Invoke(t.Context(), in); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheDocumentPassesUnchanged(t *testing.T) {
	t.Parallel()
	body := schemas.SampleInvoice()
	digest := schemas.DigestOf(body)
	e := start(t, probe{sign: func(_ context.Context, call *sdk.Call) error {
		invoice, err := call.Invoice()
		if err != nil || invoice.InvoiceNumber == "" || !call.Document.Intact() || call.Document.Digest != digest {
			t.Errorf("document %v: %v", call.Document, err)
		}
		return err
	}})
	in := func(schema string) func(*connectorpb.InvokeRequest) {
		return func(in *connectorpb.InvokeRequest) {
			in.Document = &connectorpb.Document{Schema: schema, Digest: digest[:], Body: body}
		}
	}
	if a := e.invoke(t, "invoice.sign", in(string(schemas.InvoiceV1))); a.GetError() != nil {
		t.Errorf("got %v", a)
	}
	e = start(t, probe{sign: func(_ context.Context, call *sdk.Call) error { _, err := call.Invoice(); return err }})
	wantError(t, e.invoke(t, "invoice.sign", in("https://example.org/other.json")).GetError(), unsupported, "document_unsupported")
	none := e.invoke(t, "invoice.sign", func(in *connectorpb.InvokeRequest) { in.Document = nil }).GetError()
	if wantError(t, none, unsupported, "document_unsupported"); !strings.Contains(none.GetMessage(), "no document") {
		t.Errorf("says %q", none.GetMessage())
	}
}

type built struct{ n int64 }

func TestMemoBuildsOncePerVersion(t *testing.T) {
	t.Parallel()
	var builds atomic.Int64
	e := start(t, probe{run: func(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
		b, err := sdk.Memo(ctx, call.Connection, func(context.Context, *sdk.Connection) (built, error) {
			return built{builds.Add(1)}, nil
		})
		return fmt.Appendf(nil, "%d", b.n), err
	}})
	var calls sync.WaitGroup
	for range 32 {
		calls.Go(func() { e.invoke(t, "probe.run", on("con_1", 1, `{}`)) })
	}
	calls.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times for one version", n)
	}
	if a := e.invoke(t, "probe.run", on("con_1", 2, `{}`)); string(a.GetResult()) != "2" {
		t.Errorf("a new version has the old value: %v", a)
	}
}

func TestMemoKeepsNoErrorAndSurvivesAPanic(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	e := start(t, probe{run: func(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
		b, err := sdk.Memo(ctx, call.Connection, func(context.Context, *sdk.Connection) (built, error) {
			switch n := tries.Add(1); n {
			case 1:
				return built{}, errors.New("not yet")
			case 2:
				panic("oops")
			default:
				return built{n}, nil
			}
		})
		return fmt.Appendf(nil, "%d", b.n), err
	}})
	wantError(t, e.invoke(t, "probe.run").GetError(), internal, "unclassified")
	wantError(t, e.invoke(t, "probe.run").GetError(), internal, "panic")
	for range 2 {
		if a := e.invoke(t, "probe.run"); string(a.GetResult()) != "3" {
			t.Errorf("got %v", a)
		}
	}
}

// TestMemoDoesNotFailTwoCallsForOne: the call that builds is cut while another
// waits for the value; the other builds it itself.
func TestMemoDoesNotFailTwoCallsForOne(t *testing.T) {
	t.Parallel()
	var builds atomic.Int64
	building := make(chan struct{})
	p := probe{run: func(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
		b, err := sdk.Memo(ctx, call.Connection, func(ctx context.Context, _ *sdk.Connection) (built, error) {
			n := builds.Add(1)
			if n == 1 {
				close(building)
				<-ctx.Done()
			}
			return built{n}, ctx.Err()
		})
		return fmt.Appendf(nil, "%d", b.n), err
	}}
	server, err := sdk.NewServer(p, sdk.WithLogOutput(new(buffer)))
	if err != nil {
		t.Fatal(err)
	}
	in := &connectorpb.InvokeRequest{Connection: connection(1, "{}"), Operation: "probe.run"}
	first, cut := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	calls.Go(func() {
		a, err := server.Invoke(first, in)
		if err != nil || a.GetError().GetCode() != "call_cut" {
			t.Errorf("cut call: %v %v", a, err)
		}
	})
	<-building
	calls.Go(func() {
		a, err := server.Invoke(t.Context(), in)
		if err != nil || string(a.GetResult()) != "2" {
			t.Errorf("waiting call: %v %v", a, err)
		}
	})
	cut()
	calls.Wait()
}
