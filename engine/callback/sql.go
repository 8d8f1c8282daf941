package callback

import (
	"context"
	"encoding/json"
	"fmt"
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

// eventRow is an event with the version of its environment's subscribers that
// its deliveries were made for.
type eventRow struct {
	domain.Event
	audience int64
	// sequence takes the number that the event is stored with; nil when nobody
	// here waits for it.
	sequence *int64
}

func (eventRow) PartOf() domain.PartKind { return partEventRow }

type newDelivery struct {
	ID          domain.DeliveryID
	Event       domain.EventID
	Environment domain.EnvironmentID
	Endpoint    domain.EndpointID // empty for a callback_url
	URL         string
	ReplayOf    domain.DeliveryID // empty for a first delivery
	At          time.Time
}

func (newDelivery) PartOf() domain.PartKind { return partNewDelivery }

// deliveryStep moves the delivery's status by what an attempt gave, or by what
// ended it without one.
type deliveryStep struct {
	ID       domain.DeliveryID
	Status   Status
	Attempts int // made in this step: 1 or 0
	Result   Result
	At       time.Time
	NextAt   time.Time
}

func (deliveryStep) PartOf() domain.PartKind { return partDeliveryStep }

type deliveryAttempt struct {
	Delivery  domain.DeliveryID
	URL       string
	Number    int
	StartedAt time.Time
	Result    Result
	NextAt    time.Time
}

func (deliveryAttempt) PartOf() domain.PartKind { return partAttempt }

func registerWriters(a *store.Applier) {
	a.Register(partNewEndpoint, writeNewEndpoint)
	a.Register(partChangedEndpoint, writeChangedEndpoint)
	a.Register(partHealth, writeHealth)
	a.Register(partEventRow, writeEvent)
	// After the events, which are made for the subscribers before the change.
	a.Register(partAudienceChanged, writeAudienceChanged)
	a.Register(partNewDelivery, writeDelivery)
	a.Register(partDeliveryStep, writeStep)
	a.Register(partAttempt, writeAttempt)
}

// errAudience: an endpoint was made, changed or deleted since the event's
// subscribers were read.
var errAudience = fmt.Errorf("callback: the subscribers of an event: %w", store.ErrOutdated)

// writeEvent takes the resource's next sequence in the transaction that makes
// the event true: the counter's row is locked until then, so no two events of
// one resource have one number and none is told before its predecessor. It
// takes none when the event's subscribers are not the present ones.
func writeEvent(p domain.Part) ([]store.Statement, error) {
	row := p.(eventRow)
	e := row.Event
	source := e.Source
	if source == "" {
		source = domain.SourceEngine
	}
	returning := ""
	if row.sequence != nil {
		returning = " RETURNING sequence"
	}
	return []store.Statement{
		{
			SQL: `INSERT INTO counter (resource_id, sequence) SELECT CAST($1 AS TEXT), 1
 WHERE COALESCE((SELECT version FROM subscription WHERE environment_id = $2), 0) = $3
ON CONFLICT (resource_id) DO UPDATE SET sequence = counter.sequence + 1`,
			Args: []any{counterOf(e), e.Environment, row.audience}, Rows: 1, Err: errAudience,
		},
		{
			SQL: `INSERT INTO event (id, environment_id, organisation_id, type, resource_id, sequence, data, occurred_at, source)
VALUES ($1, $2, $3, $4, $5, (SELECT sequence FROM counter WHERE resource_id = $6), $7, $8, $9)` + returning,
			Args: []any{e.ID, e.Environment, e.Organisation, e.Type, e.Resource, counterOf(e), []byte(e.Data), domain.Micros(e.OccurredAt), string(source)}, Rows: 1, Into: row.sequence,
		},
	}, nil
}

// counterOf is the key of a resource's counter. Our own ids are unique; a name
// that an integrator gives is so within the environment only.
func counterOf(e domain.Event) string {
	if e.Source != domain.SourceIntegrator || domain.IsID(domain.PrefixInvoice, e.Resource) {
		return e.Resource
	}
	return string(e.Environment) + "/" + e.Resource
}

func writeDelivery(p domain.Part) ([]store.Statement, error) {
	d := p.(newDelivery)
	return []store.Statement{{
		SQL: `INSERT INTO delivery (id, event_id, environment_id, endpoint_id, url, replay_of, status, attempts, created_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, 0)`,
		Args: []any{d.ID, d.Event, d.Environment, d.Endpoint, d.URL, d.ReplayOf, domain.Micros(d.At)}, Rows: 1,
	}}, nil
}

func writeStep(p domain.Part) ([]store.Statement, error) {
	s := p.(deliveryStep)
	ended := s.At
	if s.Status == StatusPending {
		ended = time.Time{}
	}
	return []store.Statement{{
		SQL: `UPDATE delivery SET status = $1, attempts = attempts + $2, ended_at = $3, last_status = $4, last_class = $5, last_reason = $6, last_at = $7, next_at = $8
WHERE id = $9 AND status = 'pending'`,
		Args: []any{string(s.Status), int64(s.Attempts), domain.Micros(ended), int64(s.Result.Status), string(s.Result.Class), string(s.Result.Reason),
			domain.Micros(s.At), domain.Micros(s.NextAt), s.ID},
		Rows: 1,
	}}, nil
}

func writeAttempt(p domain.Part) ([]store.Statement, error) {
	a := p.(deliveryAttempt)
	r := a.Result
	headers := ""
	if len(r.Header) > 0 {
		raw, err := json.Marshal(r.Header)
		if err != nil {
			return nil, err
		}
		headers = string(raw)
	}
	return []store.Statement{{
		SQL: `INSERT INTO delivery_attempt (delivery_id, number, url, started_at, duration, status, class, reason, headers, answer, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		Args: []any{a.Delivery, int64(a.Number), a.URL, domain.Micros(a.StartedAt), r.Duration.Microseconds(), int64(r.Status), string(r.Class),
			string(r.Reason), headers, strings.ReplaceAll(r.Body, "\x00", ""), domain.Micros(a.NextAt)},
		Rows: 1,
	}}, nil
}

// readDeliveries adds the deliveries of rows of work to out.
func readDeliveries(ctx context.Context, q store.Querier, work []domain.Work, out map[domain.WorkID]*Delivery) error {
	if len(work) == 0 {
		return nil
	}
	byID := make(map[domain.WorkID]domain.Work, len(work))
	ids := make([]domain.WorkID, len(work))
	for i, w := range work {
		ids[i], byID[w.ID] = w.ID, w
	}
	list, args := store.List(0, ids)
	rows, err := q.Query(ctx, `SELECT delivery.id, delivery.endpoint_id, delivery.url, delivery.attempts, event.id, event.environment_id, event.organisation_id,
 event.type, event.resource_id, event.sequence, event.data, event.occurred_at
FROM delivery JOIN event ON event.id = delivery.event_id WHERE delivery.id IN (`+list+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.WorkID
		var d Delivery
		var attempts, occurred int64
		var data []byte
		if err := rows.Scan(&id, &d.endpointID, &d.url, &attempts, &d.event.ID, &d.event.Environment, &d.event.Organisation,
			&d.event.Type, &d.event.Resource, &d.sequence, &data, &occurred); err != nil {
			return err
		}
		d.work, d.attempts = byID[id], int(attempts)
		d.event.Data, d.event.OccurredAt = data, domain.FromMicros(occurred)
		out[id] = &d
	}
	return rows.Err()
}
