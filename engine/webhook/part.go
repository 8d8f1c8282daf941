package webhook

import (
	"strconv"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const partVerified domain.PartKind = "webhook_verified"

// verified is what a request meant, as the statements that make it true.
type verified []store.Statement

// PartOf makes a verified a part of a Change.
func (verified) PartOf() domain.PartKind { return partVerified }

func write(p domain.Part) ([]store.Statement, error) { return p.(verified), nil }

// verified makes the part: the request's state behind its fence, the vendor's key,
// which must be new, and the events.
func (s *Service) verified(row *request, out domain.WebhookOutcome) (verified, error) {
	now := s.now()
	reply, err := s.seal(row.id, "reply", out.Reply)
	if err != nil {
		return nil, err
	}
	condition, args := row.fence(domain.Micros(now), out.DedupeKey, reply)
	statements := verified{{
		SQL: `UPDATE webhook_request SET state = 'verified', content = '', decided_at = $1, attempts = attempts + 1, dedupe_key = $2, reply = $3,
 error_class = '', error_code = ''` + condition,
		Args: args, Rows: 1,
	}}
	if out.DedupeKey == "" {
		return append(statements, trimHandshakes(row.connection)), nil // the host lets no events pass without one
	}
	statements = append(statements, store.Statement{
		SQL: `INSERT INTO webhook_key (connection_id, kind, dedupe_key, request_id, seen_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (connection_id, kind, dedupe_key) DO UPDATE SET request_id = excluded.request_id, seen_at = excluded.seen_at WHERE webhook_key.seen_at <= $6`,
		Args: []any{row.connection, row.kind, out.DedupeKey, row.id, domain.Micros(now), domain.Micros(now.Add(-s.cfg.Retain))},
		Rows: 1, Err: errSeen,
	})
	for i, e := range out.Events {
		data, err := s.seal(row.id, "event/"+strconv.Itoa(i+1), e.Data)
		if err != nil {
			return nil, err
		}
		statements = append(statements, store.Statement{
			SQL:  `INSERT INTO webhook_event (request_id, number, type, reference, data, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			Args: []any{row.id, int64(i + 1), e.Type, e.Reference, data, domain.Micros(e.OccurredAt)}, Rows: 1,
		})
	}
	return statements, nil
}
