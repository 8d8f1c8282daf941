package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const partAttemptTold domain.PartKind = "attempt_told"

// attemptTold is an answer that came by the vendor's own push.
type attemptTold struct {
	attemptKey
	Answer []byte
	At     time.Time
}

func (attemptTold) PartOf() domain.PartKind { return partAttemptTold }

// told keeps what a vendor told of an attempt as its answer, if its flow takes it
// for one.
func (p *Pipeline) told(ctx context.Context, d doubtful, told json.RawMessage) ([]domain.Part, error) {
	flow, listens := p.flows[d.flow].(domain.Listener)
	if !listens || len(told) == 0 {
		return nil, nil
	}
	of, err := flow.Load(ctx, []string{d.resource})
	if err != nil {
		return nil, fmt.Errorf("load what %s is about: %w", d.Message, err)
	}
	resource, found := of[d.resource]
	if !found {
		return nil, nil
	}
	result, ok := flow.Told(resource, d.Stage, told)
	if !ok {
		return nil, nil
	}
	answer, err := json.Marshal(lateOutcome{Class: domain.ClassResult, Result: result})
	if err != nil {
		return nil, fmt.Errorf("what was told of %s: %w", d.Message, err)
	}
	return []domain.Part{attemptTold{d.attemptKey, answer, p.now()}}, nil
}

// keepTold needs no fence, as a late answer does not: it fills what nobody has
// answered. Where somebody has meanwhile, the push tells nothing new.
func keepTold(t attemptTold) store.Statement {
	return store.Statement{
		SQL:  `UPDATE attempt SET late_outcome = $1, late_at = $2` + whereAttempt(3) + ` AND outcome = '' AND late_outcome = ''`,
		Args: append([]any{string(t.Answer), domain.Micros(t.At)}, t.args()...), Rows: store.AnyRows,
	}
}
