package callback

import (
	"context"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// The parts that this package writes.
const (
	partEventRow     domain.PartKind = "event_row"
	partNewDelivery  domain.PartKind = "delivery_new"
	partDeliveryStep domain.PartKind = "delivery_step"
	partAttempt      domain.PartKind = "delivery_attempt"
)

type eventRow struct{ domain.Event }

func (eventRow) PartOf() domain.PartKind { return partEventRow }

type newDelivery struct {
	ID          domain.DeliveryID
	Event       domain.EventID
	Environment domain.EnvironmentID
	URL         string
	At          time.Time
}

func (newDelivery) PartOf() domain.PartKind { return partNewDelivery }

// deliveryStep counts an attempt and moves the delivery's status.
type deliveryStep struct {
	ID     domain.DeliveryID
	Status string
	At     time.Time
}

func (deliveryStep) PartOf() domain.PartKind { return partDeliveryStep }

type deliveryAttempt struct {
	Delivery  domain.DeliveryID
	Number    int
	StartedAt time.Time
	Result    Result
	NextAt    time.Time
}

func (deliveryAttempt) PartOf() domain.PartKind { return partAttempt }

func registerWriters(a *store.Applier) {
	a.Register(partEventRow, writeEvent)
	a.Register(partNewDelivery, writeDelivery)
	a.Register(partDeliveryStep, writeStep)
	a.Register(partAttempt, writeAttempt)
}

// writeEvent takes the resource's next sequence in the transaction that makes
// the event true: the counter's row is locked until then, so no two events of
// one resource have one number and none is told before its predecessor.
func writeEvent(p domain.Part) ([]store.Statement, error) {
	e := p.(eventRow).Event
	return []store.Statement{
		{
			SQL:  `INSERT INTO counter (resource_id, sequence) VALUES ($1, 1) ON CONFLICT (resource_id) DO UPDATE SET sequence = counter.sequence + 1`,
			Args: []any{e.Resource}, Rows: 1,
		},
		{
			SQL: `INSERT INTO event (id, environment_id, organisation_id, type, resource_id, sequence, data, occurred_at)
VALUES ($1, $2, $3, $4, $5, (SELECT sequence FROM counter WHERE resource_id = $5), $6, $7)`,
			Args: []any{e.ID, e.Environment, e.Organisation, e.Type, e.Resource, []byte(e.Data), domain.Micros(e.OccurredAt)}, Rows: 1,
		},
	}, nil
}

func writeDelivery(p domain.Part) ([]store.Statement, error) {
	d := p.(newDelivery)
	return []store.Statement{{
		SQL:  `INSERT INTO delivery (id, event_id, environment_id, url, status, attempts, created_at, ended_at) VALUES ($1, $2, $3, $4, 'pending', 0, $5, 0)`,
		Args: []any{d.ID, d.Event, d.Environment, d.URL, domain.Micros(d.At)}, Rows: 1,
	}}, nil
}

func writeStep(p domain.Part) ([]store.Statement, error) {
	s := p.(deliveryStep)
	ended := s.At
	if s.Status == "pending" {
		ended = time.Time{}
	}
	return []store.Statement{{
		SQL:  `UPDATE delivery SET status = $1, attempts = attempts + 1, ended_at = $2 WHERE id = $3 AND status = 'pending'`,
		Args: []any{s.Status, domain.Micros(ended), s.ID}, Rows: 1,
	}}, nil
}

func writeAttempt(p domain.Part) ([]store.Statement, error) {
	a := p.(deliveryAttempt)
	r := a.Result
	return []store.Statement{{
		SQL: `INSERT INTO delivery_attempt (delivery_id, number, started_at, duration, status, class, reason, answer, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		Args: []any{a.Delivery, int64(a.Number), domain.Micros(a.StartedAt), r.Duration.Microseconds(), int64(r.Status), string(r.Class),
			string(r.Reason), strings.ReplaceAll(r.Body, "\x00", ""), domain.Micros(a.NextAt)},
		Rows: 1,
	}}, nil
}

func readDeliveries(ctx context.Context, q store.Querier, work []domain.Work) (map[domain.WorkID]*Delivery, error) {
	out := make(map[domain.WorkID]*Delivery, len(work))
	byID := make(map[domain.WorkID]domain.Work, len(work))
	ids := make([]domain.WorkID, len(work))
	for i, w := range work {
		ids[i], byID[w.ID] = w.ID, w
	}
	list, args := store.List(0, ids)
	rows, err := q.Query(ctx, `SELECT delivery.id, delivery.url, delivery.attempts, event.id, event.environment_id, event.organisation_id,
 event.type, event.resource_id, event.sequence, event.data, event.occurred_at
FROM delivery JOIN event ON event.id = delivery.event_id WHERE delivery.id IN (`+list+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.WorkID
		var d Delivery
		var attempts, occurred int64
		var data []byte
		if err := rows.Scan(&id, &d.url, &attempts, &d.event.ID, &d.event.Environment, &d.event.Organisation,
			&d.event.Type, &d.event.Resource, &d.sequence, &data, &occurred); err != nil {
			return nil, err
		}
		d.work, d.attempts = byID[id], int(attempts)
		d.event.Data, d.event.OccurredAt = data, domain.FromMicros(occurred)
		out[id] = &d
	}
	return out, rows.Err()
}
