package sdk

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Pull streams the records of a stream after a cursor.
func (s *server) Pull(in *connectorpb.PullRequest, out grpc.ServerStreamingServer[connectorpb.PullResponse]) error {
	conn, err := s.connection(in.GetConnection())
	if err != nil {
		return err
	}
	if conn == nil {
		return out.Send(&connectorpb.PullResponse{ConnectionUnknown: true})
	}
	puller, ok := s.connector.(Puller)
	if !ok || !s.hasStream(in.Stream) {
		return out.Send(&connectorpb.PullResponse{Error: s.wireError(
			Unsupportedf("stream_unknown", "connector %s has no stream %q", s.manifest.Name, in.Stream))})
	}
	return s.pull(puller, conn, in, out)
}

func (s *server) hasStream(name string) bool {
	for _, st := range s.manifest.Streams {
		if st.Name == name {
			return true
		}
	}
	return false
}

func (s *server) pull(p Puller, conn *Connection, in *connectorpb.PullRequest, out grpc.ServerStreamingServer[connectorpb.PullResponse]) error {
	pull := &Pull{Connection: conn, Stream: in.Stream, Cursor: in.Cursor, Limit: int(in.Limit), Preview: in.Preview}
	var broken error // a failure to send is the transport's, not the connector's
	cursor := in.Cursor
	emit := func(b Batch) error {
		if len(b.Cursor) > 0 {
			cursor = b.Cursor
		}
		answer := wireBatch(b)
		answer.CredentialUpdate = conn.wireUpdate()
		conn.update = nil
		broken = out.Send(answer)
		return broken
	}
	log := s.callLog("operation", "pull", "stream", in.Stream, "connection", conn.ID)
	failure := s.guarded(out.Context(), log, s.harmless(), func(ctx context.Context) error {
		return p.Pull(ctx, pull, emit)
	})
	switch {
	case broken != nil:
		return status.Errorf(codes.Unavailable, "send batch: %v", broken)
	case failure != nil:
		return out.Send(&connectorpb.PullResponse{Error: s.wireError(failure), CredentialUpdate: conn.wireUpdate()})
	case conn.update != nil:
		return out.Send(&connectorpb.PullResponse{Cursor: slices.Clone(cursor), CredentialUpdate: conn.wireUpdate(), Remaining: -1})
	}
	return nil
}

func wireBatch(b Batch) *connectorpb.PullResponse {
	out := &connectorpb.PullResponse{Cursor: b.Cursor, CaughtUp: b.CaughtUp, Remaining: -1}
	if b.Remaining != nil {
		out.Remaining = *b.Remaining
	}
	for _, r := range b.Records {
		d := &connectorpb.Document{Schema: string(r.Document.Schema), Digest: r.Document.Digest[:], Body: r.Document.Body}
		w := &connectorpb.Record{Key: r.Key, Document: d}
		if !r.OccurredAt.IsZero() {
			w.OccurredUnixMicros = r.OccurredAt.UnixMicro()
		}
		out.Records = append(out.Records, w)
	}
	return out
}
