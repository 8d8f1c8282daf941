package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// expireChunk is how many events one transaction removes.
const expireChunk = 500

// Expire removes events that were stored longer ago than keep, with their
// deliveries and attempts, a chunk at a time, and reports how many. An event
// with a delivery that has not ended stays. What an integrator says of when an
// event occurred does not count: one that is told of late is kept as long.
func (s *Service) Expire(ctx context.Context, keep time.Duration) (int, error) {
	before, err := firstEventAt(s.cfg.Store.Now().Add(-keep))
	if err != nil {
		return 0, wrapExpire(err)
	}
	ids, err := scanIDs[domain.EventID](s.cfg.Store.Reader().Query(ctx,
		`SELECT id FROM event WHERE id < $1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event_id = event.id AND delivery.status = 'pending')
ORDER BY id LIMIT $2`, before, int64(expireChunk)))
	if err != nil || len(ids) == 0 {
		return 0, wrapExpire(err)
	}
	list, args := store.List(0, ids)
	// A replay may have come in between: such an event stays.
	gone := `(SELECT id FROM delivery WHERE event_id IN (` + list + `) AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = delivery.event_id))`
	err = s.cfg.Store.Write(ctx, []store.Statement{
		{SQL: `DELETE FROM event WHERE id IN (` + list + `) AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event_id = event.id AND delivery.status = 'pending')`, Args: args, Rows: store.AnyRows},
		{SQL: `DELETE FROM delivery_attempt WHERE delivery_id IN ` + gone, Args: args, Rows: store.AnyRows},
		{SQL: `DELETE FROM delivery WHERE id IN ` + gone, Args: args, Rows: store.AnyRows},
	})
	return len(ids), wrapExpire(err)
}

// firstEventAt is the least id that an event stored at a time can have.
func firstEventAt(t time.Time) (domain.EventID, error) {
	var id ulid.ULID
	err := id.SetTime(ulid.Timestamp(t))
	return domain.EventID(domain.PrefixEvent + id.String()), err
}

func wrapExpire(err error) error {
	if err != nil {
		return fmt.Errorf("expire events: %w", err)
	}
	return nil
}
