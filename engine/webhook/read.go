package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// stood is a request as far as its answer is concerned.
type stood struct {
	id    domain.WebhookID
	state State
	reply string // sealed
}

// before finds the very same request, if it came within the replay window and
// may be answered without asking the connector. One that was refused is asked
// about anew: what was missing may have been set since.
func (s *Service) before(ctx context.Context, connection domain.ConnectionID, digest string) (*stood, error) {
	return s.stood(ctx, `connection_id = $1 AND digest = $2 AND received_at > $3 AND state <> 'refused'
ORDER BY CASE state WHEN 'unverified' THEN 1 ELSE 0 END, id LIMIT 1`, connection, digest, domain.Micros(s.now().Add(-s.cfg.ReplayWindow)))
}

func (s *Service) byID(ctx context.Context, id domain.WebhookID) (*stood, error) {
	return s.stood(ctx, `id = $1`, id)
}

// firstOf finds the request that told of a key first; nil when it is not kept any
// more.
func (s *Service) firstOf(ctx context.Context, row *request, key string) (*stood, error) {
	return s.stood(ctx, `id IN (SELECT request_id FROM webhook_key WHERE connection_id = $1 AND kind = $2 AND dedupe_key = $3)`, row.connection, row.kind, key)
}

func (s *Service) stood(ctx context.Context, where string, args ...any) (*stood, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id, state, reply FROM webhook_request WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read webhook: %w", err)
	}
	defer rows.Close()
	var out *stood
	for rows.Next() {
		out = &stood{}
		if err := rows.Scan(&out.id, &out.state, &out.reply); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// Received is a request as it is shown: nothing of what it said but what was
// verified.
type Received struct {
	ID    domain.WebhookID
	Kind  string
	State State
	Size  int64
	// Attempts is how often the connector was asked about it, Repeats how often the
	// very same request came again.
	Attempts, Repeats int
	ReceivedAt        time.Time
	// DecidedAt is zero while it is unverified.
	DecidedAt   time.Time
	DuplicateOf domain.WebhookID
	Events      []domain.WebhookEvent // without their data
	// ErrorClass and ErrorCode are those of the last attempt that did not verify it.
	ErrorClass domain.Class
	ErrorCode  string
}

// Filter selects received requests.
type Filter struct {
	State State // empty for all
	// After is the last one of the page before.
	After domain.WebhookID
	Limit int
}

// Received lists what came for a connection, the newest first.
func (s *Service) Received(ctx context.Context, connection domain.ConnectionID, f Filter) ([]Received, error) {
	where, args := `connection_id = $1`, []any{connection}
	if f.State != "" {
		args = append(args, string(f.State))
		where += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	if f.After != "" {
		args = append(args, f.After)
		where += fmt.Sprintf(` AND id < $%d`, len(args))
	}
	args = append(args, int64(f.Limit))
	list, err := scanReceived(s.cfg.Store.Reader().Query(ctx, `SELECT id, kind, state, size, attempts, repeats, received_at, decided_at, duplicate_of, error_class, error_code
FROM webhook_request WHERE `+where+fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args...))
	if err == nil {
		err = s.addEvents(ctx, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list webhooks of %s: %w", connection, err)
	}
	return list, nil
}

func scanReceived(rows store.Rows, err error) ([]Received, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Received
	for rows.Next() {
		var r Received
		var attempts, repeats, received, decided int64
		if err := rows.Scan(&r.ID, &r.Kind, &r.State, &r.Size, &attempts, &repeats, &received, &decided, &r.DuplicateOf, &r.ErrorClass, &r.ErrorCode); err != nil {
			return nil, err
		}
		r.Attempts, r.Repeats = int(attempts), int(repeats)
		r.ReceivedAt, r.DecidedAt = domain.FromMicros(received), domain.FromMicros(decided)
		out = append(out, r)
	}
	return out, rows.Err()
}

func (s *Service) addEvents(ctx context.Context, list []Received) error {
	if len(list) == 0 {
		return nil
	}
	at, ids := map[domain.WebhookID]int{}, make([]domain.WebhookID, len(list))
	for i, r := range list {
		at[r.ID], ids[i] = i, r.ID
	}
	marks, args := store.List(0, ids)
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT request_id, type, reference, occurred_at FROM webhook_event WHERE request_id IN (`+marks+`) ORDER BY request_id, number`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.WebhookID
		var e domain.WebhookEvent
		var occurred int64
		if err := rows.Scan(&id, &e.Type, &e.Reference, &occurred); err != nil {
			return err
		}
		e.OccurredAt = domain.FromMicros(occurred)
		list[at[id]].Events = append(list[at[id]].Events, e)
	}
	return rows.Err()
}
