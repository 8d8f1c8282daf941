package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

const partKey domain.PartKind = "idempotency_key"

// key is the row that makes a request happen once.
type key struct {
	environment      domain.EnvironmentID
	route, key       string
	digest           string
	status           int
	answer           []byte
	created, expires time.Time
}

func (key) PartOf() domain.PartKind { return partKey }

// writeKey takes the key, or takes an expired one over.
func writeKey(p domain.Part) ([]store.Statement, error) {
	k := p.(key)
	return []store.Statement{{
		SQL: `INSERT INTO idempotency_key (environment_id, route, key, body_digest, status, answer, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (environment_id, route, key) DO UPDATE SET body_digest = excluded.body_digest, status = excluded.status, answer = excluded.answer,
 created_at = excluded.created_at, expires_at = excluded.expires_at WHERE idempotency_key.expires_at <= excluded.created_at`,
		Args: []any{k.environment, k.route, k.key, k.digest, int64(k.status), k.answer, domain.Micros(k.created), domain.Micros(k.expires)},
		Rows: 1, Err: errKeyTaken,
	}}, nil
}

func writeDocument(p domain.Part) ([]store.Statement, error) {
	d := p.(domain.StoredDocument)
	return []store.Statement{{
		SQL:  `INSERT INTO document (id, environment_id, schema_id, digest, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		Args: []any{d.ID, d.Environment, string(d.Document.Schema), d.Document.Digest.String(), d.Document.Body, domain.Micros(d.CreatedAt)},
		Rows: 1,
	}}, nil
}

// replay answers what the key's first request was answered; status 0 when the
// key is free.
func (s *Service) replay(ctx context.Context, sub Submission) (Answer, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx,
		`SELECT body_digest, status, answer FROM idempotency_key WHERE environment_id = $1 AND route = $2 AND key = $3 AND expires_at > $4`,
		sub.Environment, sub.Route, sub.Key, domain.Micros(s.cfg.Store.Now()))
	if err != nil {
		return Answer{}, fmt.Errorf("read idempotency key: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		var digest string
		var status int64
		var body []byte
		if err := rows.Scan(&digest, &status, &body); err != nil {
			return Answer{}, err
		}
		if digest != schemas.DigestOf(sub.Body).String() {
			return Answer{}, ErrKeyReused
		}
		body, err := s.kept(sub, body)
		return Answer{Status: int(status), Body: body, Replayed: err == nil}, err
	}
	return Answer{}, rows.Err()
}

// Documents reads accepted documents. They were proved when they were stored
// and are not proved again.
func (s *Service) Documents(ctx context.Context, ids []domain.DocumentID) (map[domain.DocumentID]schemas.Document, error) {
	out := make(map[domain.DocumentID]schemas.Document, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, args := store.List(0, ids)
	rows, err := s.cfg.Store.Reader().Query(ctx,
		`SELECT id, schema_id, digest, body FROM document WHERE id IN (`+list+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.DocumentID
		var schema, digest string
		var body []byte
		if err := rows.Scan(&id, &schema, &digest, &body); err != nil {
			return nil, err
		}
		d, err := schemas.ParseDigest(digest)
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", id, err)
		}
		out[id] = schemas.Restore(schemas.ID(schema), d, body)
	}
	return out, rows.Err()
}

// Expire deletes keys that have had their day, a chunk at a time, and reports
// how many.
func (s *Service) Expire(ctx context.Context) (int64, error) {
	var n int64
	err := s.cfg.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		var err error
		n, err = tx.Exec(ctx, `DELETE FROM idempotency_key WHERE (environment_id, route, key) IN (
 SELECT environment_id, route, key FROM idempotency_key WHERE expires_at <= $1 LIMIT 500)`, domain.Micros(s.cfg.Store.Now()))
		return err
	})
	return n, err
}
