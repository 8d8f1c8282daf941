package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// FailedDelivery is a delivery that ended without arriving, with what its
// attempts tell of why.
type FailedDelivery struct {
	DeliveryRecord
	// Stage is where it failed: a delivery has one.
	Stage domain.Stage
	Class Class
	// Answer is what the last attempt was answered, capped and redacted; empty
	// when nothing was.
	Answer string
	// FirstAt is when the first attempt began; zero without any.
	FirstAt time.Time
}

// Failed lists the deliveries of an environment that ended without arriving.
// The filter's Failed counts as set.
func (s *Service) Failed(ctx context.Context, env domain.EnvironmentID, f DeliveryFilter) ([]FailedDelivery, error) {
	f.Failed = true
	list, err := s.Deliveries(ctx, env, f)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]FailedDelivery, len(list))
	byID := make(map[domain.DeliveryID]*FailedDelivery, len(list))
	ids := make([]domain.DeliveryID, len(list))
	for i, d := range list {
		out[i] = FailedDelivery{DeliveryRecord: d, Stage: StageDeliver}
		ids[i], byID[d.ID] = d.ID, &out[i]
	}
	if err := s.explain(ctx, ids, byID); err != nil {
		return nil, fmt.Errorf("read failed deliveries: %w", err)
	}
	return out, nil
}

// explain adds what the attempts tell, with one read for all.
func (s *Service) explain(ctx context.Context, ids []domain.DeliveryID, byID map[domain.DeliveryID]*FailedDelivery) error {
	marks, args := store.List(0, ids)
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id, last_class,
 COALESCE((SELECT MIN(started_at) FROM delivery_attempt WHERE delivery_id = delivery.id), 0),
 COALESCE((SELECT answer FROM delivery_attempt WHERE delivery_id = delivery.id ORDER BY number DESC LIMIT 1), '')
FROM delivery WHERE id IN (`+marks+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.DeliveryID
		var class, answer string
		var first int64
		if err := rows.Scan(&id, &class, &first, &answer); err != nil {
			return err
		}
		if d := byID[id]; d != nil {
			d.Class, d.Answer, d.FirstAt = Class(class), answer, domain.FromMicros(first)
		}
	}
	return rows.Err()
}
