package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// AttemptView is one call as integrators and operators see it.
type AttemptView struct {
	ID               domain.AttemptID
	Message          domain.MessageID
	Stage            domain.Stage
	Number           int
	Outcome          domain.Class // "" while in doubt
	ConnectorVersion string
	Error            json.RawMessage
	StartedAt        time.Time
	EndedAt          time.Time
}

// Attempts lists the recorded calls of messages, in order: every call with an
// effect, and every call without that failed.
func (p *Pipeline) Attempts(ctx context.Context, ids ...domain.MessageID) ([]AttemptView, error) {
	attempts, err := readAttempts(ctx, p.cfg.Store.Reader(), ids)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	out := make([]AttemptView, len(attempts))
	for i, a := range attempts {
		out[i] = AttemptView{
			ID: a.ID, Message: a.Message, Stage: a.Stage, Number: a.Number, Outcome: a.Outcome,
			ConnectorVersion: a.ConnectorVersion, Error: a.Error, StartedAt: a.SentAt, EndedAt: a.EndedAt,
		}
	}
	return out, nil
}
