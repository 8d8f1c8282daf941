package pull

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

const recordColumns = `id, connection_id, stream, key, environment_id, schema_id, digest, document, occurred_at, version, connector_version, run_id, first_at, stored_at`

// row is a record as it is now. It is new, or other bytes came under its key.
func (r Record) row() store.Statement {
	return store.Statement{
		SQL: `INSERT INTO pull_record (` + recordColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (connection_id, stream, key) DO UPDATE SET schema_id = excluded.schema_id, digest = excluded.digest, document = excluded.document, occurred_at = excluded.occurred_at,
 version = excluded.version, connector_version = excluded.connector_version, run_id = excluded.run_id, stored_at = excluded.stored_at`,
		Args: []any{
			r.ID, r.Connection, r.Stream, r.Key, r.Environment, string(r.Document.Schema), r.Document.Digest.String(), r.Document.Body, domain.Micros(r.OccurredAt),
			r.Version, r.ConnectorVersion, r.Run, domain.Micros(r.FirstAt), domain.Micros(r.StoredAt),
		}, Rows: 1,
	}
}

// knownRecord is what is stored under a key.
type knownRecord struct {
	id      domain.RecordID
	digest  string
	version int64
	firstAt time.Time
}

// keysAtOnce bounds the keys of one question.
const keysAtOnce = 500

// known finds what is stored under the keys of records.
func (s *Service) known(ctx context.Context, k streamKey, records []domain.PulledRecord) (map[string]knownRecord, error) {
	out := make(map[string]knownRecord, len(records))
	for len(records) > 0 {
		chunk := records[:min(len(records), keysAtOnce)]
		records = records[len(chunk):]
		keys := make([]string, len(chunk))
		for i, p := range chunk {
			keys[i] = p.Key
		}
		list, args := store.List(2, keys)
		err := s.each(ctx, func(rows store.Rows) error {
			var key string
			var r knownRecord
			var first int64
			err := rows.Scan(&key, &r.id, &r.digest, &r.version, &first)
			r.firstAt = domain.FromMicros(first)
			out[key] = r
			return err
		}, `SELECT key, id, digest, version, first_at FROM pull_record WHERE connection_id = $1 AND stream = $2 AND key IN (`+list+`)`, append([]any{k.connection, k.stream}, args...)...)
		if err != nil {
			return nil, fmt.Errorf("read known records: %w", err)
		}
	}
	return out, nil
}

func scanRecord(rows store.Rows) (Record, error) {
	var r Record
	var schema, digest string
	var body []byte
	var occurred, first, stored int64
	err := rows.Scan(&r.ID, &r.Connection, &r.Stream, &r.Key, &r.Environment, &schema, &digest, &body, &occurred, &r.Version, &r.ConnectorVersion, &r.Run, &first, &stored)
	if err != nil {
		return r, err
	}
	sum, err := schemas.ParseDigest(digest)
	if err != nil {
		return r, fmt.Errorf("record %s: %w", r.ID, err)
	}
	r.Document = schemas.Restore(schemas.ID(schema), sum, body)
	r.OccurredAt, r.FirstAt, r.StoredAt = domain.FromMicros(occurred), domain.FromMicros(first), domain.FromMicros(stored)
	return r, nil
}

// plain is a connector's text as SQL takes it.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
