package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// ErrNoDelivery is a delivery that is not there.
var ErrNoDelivery = &domain.Error{
	Kind: domain.KindNotFound, Code: "delivery_not_found",
	Detail: "This environment has no delivery of this id, or no longer: GET /v1/deliveries lists those it has.",
}

// DeliveryFilter selects deliveries; what is empty selects all.
type DeliveryFilter struct {
	Deliveries []domain.DeliveryID // at most 500
	Endpoint   domain.EndpointID
	Event      domain.EventID
	// Pattern is an event type or a pattern such as "invoice.*".
	Pattern  string
	Resource string
	Status   Status
	// Failed keeps those that ended without arriving, Ended those that ended.
	Failed, Ended bool
	// CodeClass is the first digit of the last answer's status: 2 to 5; NoAnswer
	// for none at all.
	CodeClass int
	// Since and Until bound when it was made: from Since, before Until.
	Since, Until time.Time
	// After is the last delivery of the page before. The newest come first, with
	// Oldest the oldest.
	After  domain.DeliveryID
	Oldest bool
	// Through is the last that is found.
	Through domain.DeliveryID
	Limit   int
}

// NoAnswer as CodeClass selects deliveries whose last attempt got no answer.
const NoAnswer = -1

// DeliveryRecord is a delivery as it stands.
type DeliveryRecord struct {
	ID         domain.DeliveryID
	Event      domain.EventID
	Type       string
	Resource   string
	Endpoint   domain.EndpointID // empty for a callback_url
	URL        string
	ReplayOf   domain.DeliveryID
	Status     Status
	Attempts   int
	LastStatus int
	LastReason Reason
	LastAt     time.Time
	NextAt     time.Time // when the next attempt is due; zero for none
	CreatedAt  time.Time
	EndedAt    time.Time
}

// AttemptRecord is one attempt of a delivery.
type AttemptRecord struct {
	Number    int
	URL       string
	StartedAt time.Time
	Duration  time.Duration
	Status    int // 0 when there was no answer
	Class     Class
	Reason    Reason
	Header    http.Header // of the answer, what helps to explain it
	Answer    string      // capped and redacted
	NextAt    time.Time
}

func (f DeliveryFilter) where(env domain.EnvironmentID) *where {
	w := &where{}
	w.add(`delivery.environment_id = $%d`, env)
	in(w, `delivery.id IN (%s)`, f.Deliveries)
	w.text(`delivery.endpoint_id = $%d`, string(f.Endpoint))
	w.text(`delivery.event_id = $%d`, string(f.Event))
	w.events(`event.type`, f.Pattern)
	w.text(`event.resource_id = $%d`, f.Resource)
	w.text(`delivery.status = $%d`, string(f.Status))
	if f.Failed {
		w.conditions = append(w.conditions, `delivery.status IN ('exhausted', 'refused', 'abandoned')`)
	}
	if f.Ended {
		w.conditions = append(w.conditions, `delivery.status <> 'pending'`)
	}
	switch {
	case f.CodeClass == NoAnswer:
		w.conditions = append(w.conditions, `delivery.last_status = 0 AND delivery.attempts > 0`)
	case f.CodeClass > 0:
		w.add(`delivery.last_status / 100 = $%d`, int64(f.CodeClass))
	}
	w.time(`delivery.created_at >= $%d`, f.Since)
	w.time(`delivery.created_at < $%d`, f.Until)
	w.text(`delivery.id <= $%d`, string(f.Through))
	if f.Oldest {
		w.text(`delivery.id > $%d`, string(f.After))
	} else {
		w.text(`delivery.id < $%d`, string(f.After))
	}
	return w
}

const deliveryColumns = `delivery.id, delivery.event_id, event.type, event.resource_id, delivery.endpoint_id, delivery.url, delivery.replay_of, delivery.status,
 delivery.attempts, delivery.last_status, delivery.last_reason, delivery.last_at, delivery.next_at, delivery.created_at, delivery.ended_at`

// Deliveries lists an environment's deliveries.
func (s *Service) Deliveries(ctx context.Context, env domain.EnvironmentID, f DeliveryFilter) ([]DeliveryRecord, error) {
	conditions, limit, args := f.where(env).sql(f.Limit)
	order := " DESC"
	if f.Oldest {
		order = ""
	}
	list, err := scanDeliveries(s.cfg.Store.Reader().Query(ctx, `SELECT `+deliveryColumns+` FROM delivery JOIN event ON event.id = delivery.event_id
WHERE `+conditions+` ORDER BY delivery.id`+order+` LIMIT `+limit, args...))
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// Delivery reads one delivery of an environment.
func (s *Service) Delivery(ctx context.Context, env domain.EnvironmentID, id domain.DeliveryID) (DeliveryRecord, error) {
	list, err := s.Deliveries(ctx, env, DeliveryFilter{Deliveries: []domain.DeliveryID{id}, Limit: 1})
	if err != nil {
		return DeliveryRecord{}, err
	}
	if len(list) == 0 {
		return DeliveryRecord{}, ErrNoDelivery
	}
	return list[0], nil
}

// Attempts lists the attempts of a delivery, in their order.
func (s *Service) Attempts(ctx context.Context, env domain.EnvironmentID, id domain.DeliveryID) ([]AttemptRecord, error) {
	if _, err := s.Delivery(ctx, env, id); err != nil {
		return nil, err
	}
	rows, err := s.cfg.Store.Reader().Query(ctx,
		`SELECT number, url, started_at, duration, status, class, reason, headers, answer, next_at FROM delivery_attempt WHERE delivery_id = $1 ORDER BY number`, id)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	defer rows.Close()
	var out []AttemptRecord
	for rows.Next() {
		a, err := scanAttempt(rows)
		if err != nil {
			return nil, fmt.Errorf("list attempts: %w", err)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

func scanAttempt(rows store.Rows) (AttemptRecord, error) {
	var a AttemptRecord
	var number, started, duration, status, next int64
	var class, reason, headers string
	if err := rows.Scan(&number, &a.URL, &started, &duration, &status, &class, &reason, &headers, &a.Answer, &next); err != nil {
		return a, err
	}
	a.Number, a.StartedAt, a.Duration = int(number), domain.FromMicros(started), time.Duration(duration)*time.Microsecond
	a.Status, a.Class, a.Reason, a.NextAt = int(status), Class(class), Reason(reason), domain.FromMicros(next)
	if headers != "" {
		return a, json.Unmarshal([]byte(headers), &a.Header)
	}
	return a, nil
}

func scanDeliveries(rows store.Rows, err error) ([]DeliveryRecord, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []DeliveryRecord
	for rows.Next() {
		var d DeliveryRecord
		var attempts, status, last, next, created, ended int64
		var state, reason string
		if err := rows.Scan(&d.ID, &d.Event, &d.Type, &d.Resource, &d.Endpoint, &d.URL, &d.ReplayOf, &state,
			&attempts, &status, &reason, &last, &next, &created, &ended); err != nil {
			return nil, err
		}
		d.Status, d.Attempts, d.LastStatus, d.LastReason = Status(state), int(attempts), int(status), Reason(reason)
		d.LastAt, d.NextAt, d.CreatedAt, d.EndedAt = domain.FromMicros(last), domain.FromMicros(next), domain.FromMicros(created), domain.FromMicros(ended)
		out = append(out, d)
	}
	return out, rows.Err()
}
