package sdk

import (
	"context"
	"encoding/json"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/internal/began"
)

// Invoke runs one operation once.
func (s *server) Invoke(ctx context.Context, in *connectorpb.InvokeRequest) (*connectorpb.InvokeResponse, error) {
	conn, err := s.connection(in.GetConnection())
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return &connectorpb.InvokeResponse{ConnectionUnknown: true}, nil
	}
	call, err := newCall(conn, in)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, call), nil
}

// run answers the call whatever the handler does.
func (s *server) run(ctx context.Context, call *Call) *connectorpb.InvokeResponse {
	log := s.callLog("operation", call.Operation, "connection", call.Connection.ID, "message", call.MessageID)
	t := began.New(s.effects[call.Operation], call.Deadline, s.now)
	var result json.RawMessage
	failure := s.guarded(ctx, log, t, func(ctx context.Context) (err error) {
		result, err = s.handle(ctx, call)
		return err
	})
	answer := &connectorpb.InvokeResponse{CredentialUpdate: call.Connection.wireUpdate()}
	if len(call.next) <= MaxStateBytes {
		answer.State = call.next
	}
	if failure != nil {
		answer.Outcome = &connectorpb.InvokeResponse_Error{Error: s.wireError(failure)}
		return answer
	}
	answer.Outcome = &connectorpb.InvokeResponse_Result{Result: result}
	return answer
}

// handle runs the handler and checks what it may not get wrong, inside the
// guard, so that a bad answer after a begun effect is an unknown outcome.
func (s *server) handle(ctx context.Context, call *Call) (json.RawMessage, error) {
	handler, ok := s.handlers[call.Operation]
	if !ok {
		return nil, Unsupportedf("operation_unknown", "connector %s has no operation %q", s.manifest.Name, call.Operation)
	}
	if err := s.parametersFault(call); err != nil {
		return nil, err
	}
	result, err := handler(ctx, call)
	switch {
	case err != nil:
		return nil, err
	case len(call.next) > MaxStateBytes:
		return nil, Internalf("state_too_large", "the state has %d bytes; at most %d are kept", len(call.next), MaxStateBytes)
	case !json.Valid(result):
		return nil, Internalf("result_unreadable", "the handler of %s answered no JSON", call.Operation)
	}
	return result, nil
}

func newCall(conn *Connection, in *connectorpb.InvokeRequest) (*Call, error) {
	document, err := readDocument(in.Document)
	if err != nil {
		return nil, err
	}
	call := &Call{
		Connection: conn, Operation: in.Operation, Key: in.Key, MessageID: in.MessageId,
		Document: document, Parameters: in.Parameters, State: in.State, Traceparent: in.Traceparent,
	}
	if in.DeadlineUnixMicros != 0 {
		call.Deadline = time.UnixMicro(in.DeadlineUnixMicros)
	}
	return call, nil
}

func readDocument(in *connectorpb.Document) (schemas.Document, error) {
	if in == nil {
		return schemas.Document{}, nil
	}
	var digest schemas.Digest
	if len(in.Digest) != len(digest) {
		return schemas.Document{}, status.Errorf(codes.InvalidArgument, "document: digest has %d bytes, want %d", len(in.Digest), len(digest))
	}
	copy(digest[:], in.Digest)
	return schemas.Restore(schemas.ID(in.Schema), digest, in.Body), nil
}
