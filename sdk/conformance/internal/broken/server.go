package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// server is the SDK's, with faults on the wire that the SDK does not make.
type server struct {
	connectorpb.ConnectorServer
	turn  sync.Mutex
	known sync.Map // settings by connection id, whatever the version
}

func (s *server) Describe(context.Context, *connectorpb.DescribeRequest) (*connectorpb.DescribeResponse, error) {
	raw := manifest()
	if mode == "manifest.stable" {
		raw = []byte(strings.Replace(string(raw), `"title": "Broken"`, fmt.Sprintf(`"title": "Broken %d"`, os.Getpid()), 1))
	}
	return &connectorpb.DescribeResponse{Manifest: raw}, nil
}

func failed(class connectorpb.Class, message string) *connectorpb.Error {
	return &connectorpb.Error{Class: class, Code: "broken", Message: message}
}

func (s *server) Check(ctx context.Context, in *connectorpb.CheckRequest) (*connectorpb.CheckResponse, error) {
	given := string(in.GetConnection().GetSettings())
	switch {
	case mode == "settings.faults" && !strings.Contains(given, "apiKey"):
		return &connectorpb.CheckResponse{Error: failed(connectorpb.Class_CLASS_MISCONFIGURED, "something is wrong")}, nil
	case mode == "settings.optional" && given != "" && !strings.Contains(given, "hookSecret"):
		return &connectorpb.CheckResponse{Error: failed(connectorpb.Class_CLASS_INTERNAL, "nil")}, nil
	case mode == "check.good" && strings.Contains(given, "baseUrl"):
		return &connectorpb.CheckResponse{Error: failed(connectorpb.Class_CLASS_UNAUTHORIZED, "no")}, nil
	}
	out, err := s.ConnectorServer.Check(ctx, in)
	if e := out.GetError(); e != nil {
		switch {
		case mode == "check.refused" && e.Class == connectorpb.Class_CLASS_UNAUTHORIZED:
			e.Class = connectorpb.Class_CLASS_INTERNAL
		case mode == "check.unreachable" && e.Class == connectorpb.Class_CLASS_UNAVAILABLE:
			e.Class = connectorpb.Class_CLASS_REJECTED
		}
	}
	return out, err
}

func result(raw string) *connectorpb.InvokeResponse {
	return &connectorpb.InvokeResponse{Outcome: &connectorpb.InvokeResponse_Result{Result: []byte(raw)}}
}

func (s *server) Invoke(ctx context.Context, in *connectorpb.InvokeRequest) (*connectorpb.InvokeResponse, error) {
	if out := s.early(in); out != nil {
		return out, nil
	}
	switch mode {
	case "time.deadline":
		ctx = context.WithoutCancel(ctx)
	case "effect.late":
		in.DeadlineUnixMicros = 0
	case "time.neighbours":
		if in.GetOperation() == "broken.find" {
			s.turn.Lock()
			defer s.turn.Unlock()
		}
	}
	began := time.Now()
	out, err := s.ConnectorServer.Invoke(ctx, in)
	if e := out.GetError(); e != nil {
		spoil(e, in, time.Since(began))
	}
	return out, err
}

// early are the faults before any work.
func (s *server) early(in *connectorpb.InvokeRequest) *connectorpb.InvokeResponse {
	given := in.GetConnection().GetSettings()
	switch mode {
	case "invoke.invalid":
		if in.GetOperation() == "broken.say" && !strings.HasPrefix(string(in.GetParameters()), `{"text":"`) {
			return result(`{"text":""}`)
		}
	case "invoke.crash":
		if !json.Valid(in.GetParameters()) {
			os.Exit(3)
		}
	case "invoke.settings":
		if len(given) > 0 && !strings.Contains(string(given), "apiKey") {
			return result(`{"found":false}`)
		}
	case "invoke.connection":
		if len(given) > 0 {
			s.known.Store(in.GetConnection().GetId(), given)
		} else if old, ok := s.known.Load(in.GetConnection().GetId()); ok {
			in.Connection.Settings = old.([]byte)
		}
	case "size.too_big":
		if len(in.GetDocument().GetBody()) > sdk.MaxMessageBytes {
			os.Exit(3)
		}
	case "future.fields":
		if len(in.ProtoReflect().GetUnknown()) > 0 {
			return &connectorpb.InvokeResponse{Outcome: &connectorpb.InvokeResponse_Error{Error: failed(connectorpb.Class_CLASS_INVALID, "what is this?")}}
		}
	case "secrets.log":
		var s settings
		if json.Unmarshal(given, &s) == nil && s.APIKey != "" {
			fmt.Fprintln(os.Stderr, "calling with", base64.StdEncoding.EncodeToString([]byte(s.APIKey)))
		}
	case "output.stdout":
		_, _ = stdout.WriteString("a call came\n")
	case "output.log":
		fmt.Fprintln(os.Stderr, `{"@level":"info","@message":{"a":1},"@timestamp":"2026-11-23T10:00:00.000000Z"}`)
	}
	return nil
}

// spoil changes the class of an error, or shows what it must not.
func spoil(e *connectorpb.Error, in *connectorpb.InvokeRequest, took time.Duration) {
	doubt := e.Class == connectorpb.Class_CLASS_UNKNOWN_OUTCOME
	to := func(when bool, class connectorpb.Class) {
		if when {
			e.Class = class
		}
	}
	switch mode {
	case "invoke.unknown":
		to(e.Class == connectorpb.Class_CLASS_UNSUPPORTED, connectorpb.Class_CLASS_INTERNAL)
	case "errors.unreachable":
		to(e.Code == "vendor_unreachable" && in.GetOperation() == "broken.register", connectorpb.Class_CLASS_UNKNOWN_OUTCOME)
	case "errors.unauthorized":
		to(e.Class == connectorpb.Class_CLASS_UNAUTHORIZED, connectorpb.Class_CLASS_REJECTED)
	case "errors.throttled":
		e.RetryAfterMillis = 0
	case "errors.down":
		to(e.Class == connectorpb.Class_CLASS_UNAVAILABLE && e.VendorCode == "503", connectorpb.Class_CLASS_REJECTED)
	case "effect.lost":
		to(doubt && e.Code == "no_answer" && took < timeout()/2, connectorpb.Class_CLASS_UNAVAILABLE)
	case "effect.silent":
		to(doubt && e.Code == "no_answer" && took > timeout()/2, connectorpb.Class_CLASS_UNAVAILABLE)
	case "effect.down":
		to(doubt && e.VendorCode == "503", connectorpb.Class_CLASS_UNAVAILABLE)
	case "effect.unreadable":
		to(doubt && e.Code == "vendor_answer_unreadable", connectorpb.Class_CLASS_INTERNAL)
	case "effect.repeated":
		to(doubt && e.VendorCode == "409", connectorpb.Class_CLASS_REJECTED)
	case "secrets.answers":
		var s settings
		if json.Unmarshal(in.GetConnection().GetSettings(), &s) == nil && e.VendorCode == "500" {
			e.Message += " with " + s.APIKey
		}
	}
}

func (s *server) Pull(in *connectorpb.PullRequest, out grpc.ServerStreamingServer[connectorpb.PullResponse]) error {
	if mode == "pull.unknown" && in.GetStream() != "documents" {
		return out.Send(&connectorpb.PullResponse{CaughtUp: true})
	}
	return s.ConnectorServer.Pull(in, out)
}

func (s *server) HandleWebhook(ctx context.Context, in *connectorpb.HandleWebhookRequest) (*connectorpb.HandleWebhookResponse, error) {
	if mode == "webhook.unknown" && in.GetKind() != "document" {
		in.Kind = "document"
	}
	return s.ConnectorServer.HandleWebhook(ctx, in)
}
