package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// FailedCount is how many deliveries failed alike.
type FailedCount struct {
	Status   Status
	Endpoint domain.EndpointID // empty for callback_urls
	Reason   Reason
	Count    int
	Oldest   time.Time
	Newest   time.Time
}

// FailedStats counts the deliveries of an environment that ended without
// arriving, by endpoint, status and reason. They are apart from held messages:
// here a receiver did not take what the engine had done.
func (s *Service) FailedStats(ctx context.Context, env domain.EnvironmentID) ([]FailedCount, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT status, endpoint_id, last_reason, COUNT(*), MIN(ended_at), MAX(ended_at) FROM delivery
WHERE environment_id = $1 AND status IN ('exhausted', 'refused', 'abandoned') GROUP BY status, endpoint_id, last_reason ORDER BY 4 DESC, 1, 2, 3`, env)
	if err != nil {
		return nil, fmt.Errorf("count failed deliveries: %w", err)
	}
	defer rows.Close()
	var out []FailedCount
	for rows.Next() {
		var c FailedCount
		var status, reason string
		var n, oldest, newest int64
		if err := rows.Scan(&status, &c.Endpoint, &reason, &n, &oldest, &newest); err != nil {
			return nil, fmt.Errorf("count failed deliveries: %w", err)
		}
		c.Status, c.Reason, c.Count, c.Oldest, c.Newest = Status(status), Reason(reason), int(n), domain.FromMicros(oldest), domain.FromMicros(newest)
		out = append(out, c)
	}
	return out, rows.Err()
}

// Advice says what to do about a delivery that failed.
func (d DeliveryRecord) Advice() string {
	switch {
	case d.LastReason == ReasonDeleted:
		return "The webhook was deleted. Nothing is sent to it any more; replay the event to another one with POST /v1/webhooks/{id}/replay."
	case d.LastReason == ReasonDisabled:
		return "The webhook was not active. Activate it (PUT /v1/webhooks/{id} with isActive), then replay."
	case d.LastReason == ReasonBlocked:
		return "The guard did not let the request out. Correct the URL, or let the operator allow its address, then replay."
	case d.LastReason == ReasonRedirect:
		return "The receiver redirects, which is never followed. Register the URL that it redirects to, then replay."
	case d.LastStatus >= 400 && d.LastStatus < 500:
		return "The receiver refused the request. Look at its answer, correct the receiver, then replay."
	case d.LastStatus >= 500:
		return "The receiver failed at every attempt. Once it works again, replay."
	}
	return "The receiver could not be reached. Check name, address, certificate and firewall, then replay."
}
