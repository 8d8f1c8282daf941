package pipeline

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// expandNews finds the messages of a connection that have an attempt in doubt
// under one of the references, and makes them due. What the vendor told is kept as
// the attempt's answer where the flow says that it is as good as a look-up's, else
// it is a hint alone and the look-up answers. A message that begins to wait after
// this read is looked up at its own time.
func (p *Pipeline) expandNews(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	news, ok := part.(domain.WorkNews)
	if !ok {
		return nil, fmt.Errorf("part %s has type %T", part.PartOf(), part)
	}
	if len(news.References) == 0 {
		return nil, nil
	}
	of, err := readDoubtful(ctx, p.cfg.Store.Reader(), news)
	if err != nil {
		return nil, fmt.Errorf("find attempts of %s: %w", news.Connection, err)
	}
	var out []domain.Part
	for _, d := range of {
		told, err := p.told(ctx, d, news.Told[d.reference])
		if err != nil {
			return nil, err
		}
		if len(told) > 0 && d.held {
			told = append(told, p.released(d)...)
		}
		out = append(append(out, told...), domain.WorkWake{ID: domain.WorkID(d.Message), DueAt: p.now()})
	}
	return out, nil
}

// doubtful is an open attempt that news is about.
type doubtful struct {
	attemptKey
	reference, flow, resource string
	environment               domain.EnvironmentID
	held                      bool
}

// released gives a held message back to the workers: what a person was to find out
// is known now.
func (p *Pipeline) released(d doubtful) []domain.Part {
	now := p.now()
	parts := []domain.Part{
		domain.WorkRelease{ID: domain.WorkID(d.Message), DueAt: now, Refused: store.ErrOutdated},
		messageOpen{ID: d.Message, At: now},
		domain.AuditEntry{
			Environment: d.environment, Actor: "engine", Action: "message.release", Subject: string(d.Message),
			Detail: "The vendor has told how it ended.", At: now,
		},
	}
	return append(parts, p.flows[d.flow].Release(d.resource, now)...)
}

// readDoubtful lists the attempts that news is about.
func readDoubtful(ctx context.Context, q store.Querier, news domain.WorkNews) ([]doubtful, error) {
	references, args := store.List(1, news.References)
	rows, err := q.Query(ctx, `SELECT attempt.id, attempt.message_id, attempt.stage, attempt.number, attempt.vendor_reference, message.flow, message.resource_id, message.environment_id, message.status
FROM attempt JOIN message ON message.id = attempt.message_id
WHERE message.connection_id = $1 AND attempt.vendor_reference IN (`+references+`) AND attempt.vendor_reference <> '' AND attempt.outcome = ''`,
		append([]any{news.Connection}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []doubtful
	for rows.Next() {
		var d doubtful
		var number int64
		var status domain.MessageStatus
		if err := rows.Scan(&d.ID, &d.Message, &d.Stage, &number, &d.reference, &d.flow, &d.resource, &d.environment, &status); err != nil {
			return nil, err
		}
		d.Number, d.held = int(number), status == domain.MessageHeld
		out = append(out, d)
	}
	return out, rows.Err()
}
