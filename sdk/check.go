package sdk

import (
	"context"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/internal/began"
)

// Check proves a connection's credentials and network now.
func (s *server) Check(ctx context.Context, in *connectorpb.CheckRequest) (*connectorpb.CheckResponse, error) {
	conn, err := s.connection(in.GetConnection())
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return &connectorpb.CheckResponse{ConnectionUnknown: true}, nil
	}
	answer := new(connectorpb.CheckResponse)
	if c, ok := s.connector.(Checker); ok {
		log := s.callLog("operation", "check", "connection", conn.ID)
		failure := s.guarded(ctx, log, s.harmless(), func(ctx context.Context) error { return c.Check(ctx, conn) })
		if failure != nil {
			answer.Error = s.wireError(failure)
		}
	}
	answer.CredentialUpdate = conn.wireUpdate()
	return answer, nil
}

// harmless is the tracker of a call that has no effect.
func (s *server) harmless() *began.Tracker { return began.New(false, time.Time{}, s.now) }
