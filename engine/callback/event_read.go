package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// ErrNoEvent is an event that is not there.
var ErrNoEvent = &domain.Error{
	Kind: domain.KindNotFound, Code: "event_not_found",
	Detail: "This environment has no event of this id, or no longer: GET /v1/events lists those it has.",
}

// EventFilter selects events; what is empty selects all.
type EventFilter struct {
	// Pattern is an event type or a pattern such as "invoice.*".
	Pattern  string
	Resource string
	// Since and Until bound when it occurred: from Since, before Until.
	Since, Until time.Time
	// After is the last event of the page before. The newest come first, with
	// Oldest the oldest.
	After  domain.EventID
	Oldest bool
	Limit  int
}

// StoredEvent is an event as it was stored, with how many deliveries it has.
type StoredEvent struct {
	domain.Event
	Sequence   int64
	Deliveries int
}

const eventColumns = `id, environment_id, organisation_id, type, resource_id, sequence, data, occurred_at, source,
 (SELECT COUNT(*) FROM delivery WHERE delivery.event_id = event.id)`

// Events lists an environment's events, those that nobody heard of too.
func (s *Service) Events(ctx context.Context, env domain.EnvironmentID, f EventFilter) ([]StoredEvent, error) {
	var w where
	w.add(`environment_id = $%d`, env)
	w.events(`type`, f.Pattern)
	w.text(`resource_id = $%d`, f.Resource)
	w.time(`occurred_at >= $%d`, f.Since)
	w.time(`occurred_at < $%d`, f.Until)
	order := "id DESC"
	if f.Oldest {
		order = "id"
		w.text(`id > $%d`, string(f.After))
	} else {
		w.text(`id < $%d`, string(f.After))
	}
	conditions, limit, args := w.sql(f.Limit)
	list, err := scanEvents(s.cfg.Store.Reader().Query(ctx, `SELECT `+eventColumns+` FROM event WHERE `+conditions+` ORDER BY `+order+` LIMIT `+limit, args...))
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// Event reads one event of an environment.
func (s *Service) Event(ctx context.Context, env domain.EnvironmentID, id domain.EventID) (StoredEvent, error) {
	list, err := scanEvents(s.cfg.Store.Reader().Query(ctx, `SELECT `+eventColumns+` FROM event WHERE id = $1 AND environment_id = $2`, id, env))
	if err != nil {
		return StoredEvent{}, fmt.Errorf("read event: %w", err)
	}
	if len(list) == 0 {
		return StoredEvent{}, ErrNoEvent
	}
	return list[0], nil
}

func scanEvents(rows store.Rows, err error) ([]StoredEvent, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []StoredEvent
	for rows.Next() {
		var e StoredEvent
		var occurred, deliveries int64
		var data []byte
		if err := rows.Scan(&e.ID, &e.Environment, &e.Organisation, &e.Type, &e.Resource, &e.Sequence, &data, &occurred, &e.Source, &deliveries); err != nil {
			return nil, err
		}
		e.Data, e.OccurredAt, e.Deliveries = data, domain.FromMicros(occurred), int(deliveries)
		out = append(out, e)
	}
	return out, rows.Err()
}
