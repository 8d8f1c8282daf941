package callback

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// countDeliveries counts what a filter finds.
func (s *Service) countDeliveries(ctx context.Context, env domain.EnvironmentID, f DeliveryFilter) (int, error) {
	w := f.where(env)
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT COUNT(*) FROM delivery JOIN event ON event.id = delivery.event_id WHERE `+
		strings.Join(w.conditions, " AND "), w.args...)
	n, err := scanCount(rows, err)
	if err != nil {
		return 0, fmt.Errorf("count deliveries: %w", err)
	}
	return n, nil
}

// lastDelivery is the newest delivery of an environment, empty for none.
func (s *Service) lastDelivery(ctx context.Context, env domain.EnvironmentID) (domain.DeliveryID, error) {
	ids, err := scanIDs[domain.DeliveryID](s.cfg.Store.Reader().Query(ctx,
		`SELECT id FROM delivery WHERE environment_id = $1 ORDER BY id DESC LIMIT 1`, env))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the newest delivery: %w", err)
	case len(ids) == 0:
		return "", nil
	}
	return ids[0], nil
}

func scanCount(rows store.Rows, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var n int64
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return int(n), rows.Err()
}

// missed lists a chunk of the events that an endpoint hears of and that it
// neither has nor will have.
func (s *Service) missed(ctx context.Context, e Endpoint, since time.Time, after domain.EventID) ([]domain.EventID, error) {
	var w where
	w.add(`environment_id = $%d`, e.Environment)
	var types []string
	for _, pattern := range e.Events {
		types = append(types, typesOf(string(pattern))...)
	}
	if !slices.Contains(e.Events, "*") {
		in(&w, `type IN (%s)`, append(types, "")) // "" is no type: patterns of none find none
	}
	w.time(`occurred_at >= $%d`, since)
	w.text(`id > $%d`, string(after))
	w.add(`NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event_id = event.id AND delivery.endpoint_id = $%d AND delivery.status IN ('pending', 'delivered'))`, e.ID)
	conditions, limit, args := w.sql(replayChunk)
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id FROM event WHERE `+conditions+` ORDER BY id LIMIT `+limit, args...)
	ids, err := scanIDs[domain.EventID](rows, err)
	if err != nil {
		return nil, fmt.Errorf("list missed events: %w", err)
	}
	return ids, nil
}

func scanIDs[T ~string](rows store.Rows, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var id T
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// wakeDeliveries makes an endpoint's unfinished deliveries due, a chunk at a
// time: each finds out by itself what has become of its endpoint.
func (s *Service) wakeDeliveries(ctx context.Context, id domain.EndpointID) error {
	after := ""
	for {
		ids, err := scanIDs[domain.WorkID](s.cfg.Store.Reader().Query(ctx,
			`SELECT id FROM delivery WHERE endpoint_id = $1 AND status = 'pending' AND endpoint_id <> '' AND id > $2 ORDER BY id LIMIT 500`, id, after))
		if err != nil {
			return fmt.Errorf("wake deliveries of %s: %w", id, err)
		}
		now := s.cfg.Store.Now()
		statements := make([]store.Statement, len(ids))
		for i, work := range ids {
			statements[i] = store.WakeNow(work, now)
		}
		if len(statements) > 0 {
			if err := s.cfg.Store.Write(ctx, statements); err != nil {
				return fmt.Errorf("wake deliveries of %s: %w", id, err)
			}
			s.cfg.Applier.Wake(now)
		}
		if len(ids) < 500 {
			return nil
		}
		after = string(ids[len(ids)-1])
	}
}
