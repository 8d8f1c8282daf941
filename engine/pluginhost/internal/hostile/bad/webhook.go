package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// HandleWebhook does what the header X-Do says, and else answers what the body
// is.
func (s *server) HandleWebhook(ctx context.Context, req *connectorpb.HandleWebhookRequest) (*connectorpb.HandleWebhookResponse, error) {
	c := s.learn(req.GetConnection())
	if c == nil {
		return &connectorpb.HandleWebhookResponse{ConnectionUnknown: true}, nil
	}
	do := ""
	for _, h := range req.GetHeaders() {
		if h.GetName() == "X-Do" {
			do = h.GetValues()[0]
		}
	}
	switch do {
	case "exit":
		os.Exit(7)
	case "slow":
		fmt.Fprintln(os.Stderr, "handler has begun")
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	case "leak":
		return &connectorpb.HandleWebhookResponse{Error: &connectorpb.Error{
			Class: connectorpb.Class_CLASS_UNAUTHORIZED, Code: "told_so", Message: "the settings are " + string(c.GetSettings()),
		}}, nil
	case "tell":
		return &connectorpb.HandleWebhookResponse{Reply: &connectorpb.HttpReply{Status: 200, Body: c.GetSettings()}}, nil
	case "show":
		at := time.UnixMicro(req.GetReceivedUnixMicros()).UTC().Format(time.RFC3339Nano)
		return &connectorpb.HandleWebhookResponse{Reply: &connectorpb.HttpReply{Status: 200, Body: fmt.Appendf(nil, "%s %s %s %s %q %s",
			req.GetKind(), req.GetMethod(), req.GetPath(), req.GetQuery(), req.GetBody(), at)}}, nil
	}
	var out connectorpb.HandleWebhookResponse
	if err := protojson.Unmarshal(req.GetBody(), &out); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &out, nil
}
