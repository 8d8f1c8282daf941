package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// request is one row of webhook_request that is to be verified, claimed.
type request struct {
	id          domain.WebhookID
	environment domain.EnvironmentID
	connection  domain.ConnectionID
	kind        string
	epoch       int64
	attempts    int
	faults      int
	receivedAt  time.Time
	content     Request
}

// webhook is the request as a connector is shown it. Its age is judged by when it
// came.
func (r *request) webhook(ref domain.ConnectionRef) domain.Webhook {
	return domain.Webhook{
		Connection: ref, Kind: r.kind, Method: r.content.Method, Path: r.content.Path, Query: r.content.Query,
		Header: r.content.Header, Body: r.content.Body, ReceivedAt: r.receivedAt,
	}
}

// keptBriefly is how many refused requests of a connection are kept, how many
// duplicates and how many handshakes: strangers can make them all, and push out
// nothing else.
const keptBriefly = 100

var (
	errFull = errors.New("webhook: as many requests wait as may")
	errSeen = errors.New("webhook: the vendor told this before")
)

// insert stores a request, claimed, unless too many wait. Callers at the same
// moment may pass the bound by their own number, which the door bounds.
func (s *Service) insert(ctx context.Context, c Connection, kind, digest string, r Request) (*request, error) {
	row := &request{
		id: domain.NewID[domain.WebhookID](domain.PrefixWebhook), environment: c.Environment, connection: c.Ref.ID,
		kind: kind, epoch: 1, receivedAt: s.now(), content: r,
	}
	size := r.size()
	sealed, err := s.seal(row.id, "content", r)
	if err != nil {
		return nil, err
	}
	err = s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `INSERT INTO webhook_request (id, environment_id, connection_id, kind, digest, content, size, state, epoch, claimed_until, due_at, attempts, faults,
 received_at, decided_at, dedupe_key, duplicate_of, repeats, reply, error_class, error_code)
SELECT $1, $2, $3, $4, $5, $6, $7, 'unverified', 1, $8, $9, 0, 0, $10, 0, '', '', 0, '', '', ''
WHERE (SELECT COUNT(*) < $11 AND CAST(COALESCE(SUM(size), 0) AS BIGINT) <= $12 FROM webhook_request WHERE connection_id = $3 AND state = 'unverified')`,
		Args: []any{row.id, row.environment, row.connection, kind, digest, sealed, size, domain.Micros(row.receivedAt.Add(claimFor)),
			domain.Micros(row.receivedAt), domain.Micros(row.receivedAt), int64(s.cfg.MaxWaiting), s.cfg.MaxWaitingBytes - size},
		Rows: 1, Err: errFull,
	}})
	if errors.Is(err, errFull) {
		return nil, ErrFull
	}
	if err != nil {
		return nil, fmt.Errorf("store webhook: %w", err)
	}
	return row, nil
}

const claimed = `id, environment_id, connection_id, kind, epoch, attempts, faults, received_at, content`

// claim takes one request that nobody is at.
func (s *Service) claim(ctx context.Context, id domain.WebhookID) ([]*request, error) {
	now := s.now()
	return s.claimWhere(ctx, `claimed_until <= $2 AND id = $3`, domain.Micros(now.Add(claimFor)), domain.Micros(now), id)
}

// claimDue takes some that are due, of one connection, the oldest first.
func (s *Service) claimDue(ctx context.Context, connection domain.ConnectionID, limit int) ([]*request, error) {
	now := s.now()
	return s.claimWhere(ctx, `claimed_until <= $2 AND id IN (SELECT id FROM webhook_request
 WHERE connection_id = $3 AND state = 'unverified' AND due_at <= $2 AND claimed_until <= $2 ORDER BY due_at, id LIMIT $4`+s.cfg.Store.SkipLocked()+`)`,
		domain.Micros(now.Add(claimFor)), domain.Micros(now), connection, int64(limit))
}

// claimWhere claims; $1 is until when and $2 now. A claim of unknown outcome
// lapses.
func (s *Service) claimWhere(ctx context.Context, condition string, args ...any) (out []*request, err error) {
	err = s.cfg.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, `UPDATE webhook_request SET epoch = epoch + 1, claimed_until = $1 WHERE state = 'unverified' AND `+condition+` RETURNING `+claimed, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			row, err := s.scan(rows)
			if err != nil {
				return err
			}
			out = append(out, row)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("claim webhooks: %w", err)
	}
	return out, nil
}

func (s *Service) scan(rows store.Rows) (*request, error) {
	var r request
	var attempts, faults, received int64
	var content string
	if err := rows.Scan(&r.id, &r.environment, &r.connection, &r.kind, &r.epoch, &attempts, &faults, &received, &content); err != nil {
		return nil, err
	}
	r.attempts, r.faults, r.receivedAt = int(attempts), int(faults), domain.FromMicros(received)
	return &r, s.unseal(r.id, "content", content, &r.content)
}

// fence finds a request while it is in its claim, with arguments after those that
// the statement has already.
func (r *request) fence(args ...any) (condition string, all []any) {
	n := len(args)
	return fmt.Sprintf(` WHERE id = $%d AND epoch = $%d AND state = 'unverified'`, n+1, n+2), append(args, r.id, r.epoch)
}

// putOff gives a request back until it is due again.
func (s *Service) putOff(ctx context.Context, row *request, e *domain.ConnectorError, wait time.Duration, fault bool) error {
	attempt := int64(1)
	if e.Code == codeNotReady {
		attempt = 0 // nobody was asked
	}
	faults := int64(0)
	if fault {
		faults = 1
	}
	condition, args := row.fence(domain.Micros(s.now().Add(wait)), attempt, faults, string(e.Class), e.Code)
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL:  `UPDATE webhook_request SET claimed_until = 0, due_at = $1, attempts = attempts + $2, faults = faults + $3, error_class = $4, error_code = $5` + condition,
		Args: args, Rows: 1,
	}})
}

// refuse keeps that a request came, and nothing of what it said.
func (s *Service) refuse(ctx context.Context, row *request, e *domain.ConnectorError) error {
	condition, args := row.fence(domain.Micros(s.now()), string(e.Class), e.Code)
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL:  `UPDATE webhook_request SET state = 'refused', content = '', decided_at = $1, attempts = attempts + 1, error_class = $2, error_code = $3` + condition,
		Args: args, Rows: 1,
	}, trim(row.connection, StateRefused)})
}

// duplicate keeps that the vendor told something again.
func (s *Service) duplicate(ctx context.Context, row *request, key string, of domain.WebhookID, reply domain.WebhookReply) error {
	sealed, err := s.seal(row.id, "reply", reply)
	if err != nil {
		return err
	}
	condition, args := row.fence(domain.Micros(s.now()), key, of, sealed)
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `UPDATE webhook_request SET state = 'duplicate', content = '', decided_at = $1, attempts = attempts + 1, dedupe_key = $2, duplicate_of = $3, reply = $4,
 error_class = '', error_code = ''` + condition,
		Args: args, Rows: 1,
	}, trim(row.connection, StateDuplicate)})
}

// trim drops all but the newest of a connection in a state.
func trim(connection domain.ConnectionID, state State) store.Statement {
	return store.Statement{
		SQL: `DELETE FROM webhook_request WHERE connection_id = $1 AND state = $2 AND id NOT IN (
 SELECT id FROM webhook_request WHERE connection_id = $1 AND state = $2 ORDER BY id DESC LIMIT $3)`,
		Args: []any{connection, string(state), int64(keptBriefly)}, Rows: store.AnyRows,
	}
}

// trimHandshakes drops all but the newest of those that told nothing.
func trimHandshakes(connection domain.ConnectionID) store.Statement {
	return store.Statement{
		SQL: `DELETE FROM webhook_request WHERE connection_id = $1 AND state = 'verified' AND dedupe_key = '' AND id NOT IN (
 SELECT id FROM webhook_request WHERE connection_id = $1 AND state = 'verified' AND dedupe_key = '' ORDER BY id DESC LIMIT $2)`,
		Args: []any{connection, int64(keptBriefly)}, Rows: store.AnyRows,
	}
}

func (s *Service) countRepeat(ctx context.Context, id domain.WebhookID) error {
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `UPDATE webhook_request SET repeats = repeats + 1 WHERE id = $1`, Args: []any{id}, Rows: store.AnyRows,
	}})
}
