package pluginhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	maxCursor       = sdk.MaxStateBytes
	maxRecordKey    = 512
	maxRecordBytes  = 1 << 20
	maxBatchRecords = 10_000
)

// stream is a declared stream with what an instance counts of it.
type stream struct {
	schemas.Stream
	state *operationState
}

// stream finds a stream that a version declares.
func (in *instance) stream(version *served, name string) (stream, bool) {
	for _, s := range version.manifest.Streams {
		if s.Name == name {
			return stream{s, in.streamState(name)}, true
		}
	}
	return stream{}, false
}

// streamState counts the pulls of a stream as if they were an operation without
// effect.
func (in *instance) streamState(name string) *operationState {
	if known, ok := in.streams.Load(name); ok {
		return known.(*operationState)
	}
	op := &operation{name: "pull." + name, effect: domain.EffectNone}
	known, _ := in.streams.LoadOrStore(name, &operationState{operation: op, operationCount: &operationCount{meters: in.metrics.operation(in.name, in.env, op.name)}})
	return known.(*operationState)
}

// batch believes nothing of an answer unchecked.
func (r *reading) batch(answer *connectorpb.PullResponse) (domain.PullBatch, *domain.ConnectorError) {
	b := domain.PullBatch{Cursor: answer.GetCursor(), CaughtUp: answer.GetCaughtUp(), ConnectorVersion: r.out.ConnectorVersion}
	if left := answer.GetRemaining(); left >= 0 {
		b.Remaining = &left
	}
	r.records += len(answer.GetRecords())
	switch {
	case len(b.Cursor) > maxCursor:
		return b, internal("cursor_too_large", fmt.Sprintf("the connector's cursor has %d bytes, more than the %d that are kept", len(b.Cursor), maxCursor))
	case len(answer.GetRecords()) > maxBatchRecords:
		return b, internal("batch_too_large", fmt.Sprintf("the connector gave %d records in one batch, more than %d", len(answer.GetRecords()), maxBatchRecords))
	case len(answer.GetRecords()) > 0 && len(b.Cursor) == 0:
		return b, internal("cursor_missing", "the connector gave records without the position after them")
	case r.pull.Limit > 0 && r.records > r.pull.Limit:
		return b, internal("limit_exceeded", fmt.Sprintf("the connector gave more records than the %d that were asked for", r.pull.Limit))
	}
	for i, record := range answer.GetRecords() {
		taken, err := r.stream.record(record)
		if err != nil {
			return b, internal("record_invalid", r.in.text(fmt.Sprintf("record %d (%.100q) of the batch: %s", i+1, record.GetKey(), err), maxText))
		}
		r.bytes += len(taken.Document.Body)
		b.Records = append(b.Records, taken)
	}
	return b, nil
}

// record proves one record.
func (s stream) record(in *connectorpb.Record) (out domain.PulledRecord, err error) {
	body := in.GetDocument().GetBody()
	switch {
	case in.GetKey() == "" || len(in.GetKey()) > maxRecordKey:
		return out, fmt.Errorf("its key has %d bytes; give it one of 1 to %d", len(in.GetKey()), maxRecordKey)
	case !utf8.ValidString(in.GetKey()) || strings.ContainsRune(in.GetKey(), 0):
		return out, errors.New("its key is no UTF-8, or holds a NUL")
	case len(body) > maxRecordBytes:
		return out, fmt.Errorf("its document has %d bytes, more than %d", len(body), maxRecordBytes)
	case !json.Valid(body):
		return out, errors.New("its document is not JSON")
	}
	digest := schemas.DigestOf(body)
	if string(digest[:]) != string(in.GetDocument().GetDigest()) {
		return out, errors.New("the digest of its document is not that of the bytes")
	}
	if s.Document != "" {
		if err := schemas.Validate(s.Document, body); err != nil {
			return out, fmt.Errorf("it is no valid %s: %w", s.Document, err)
		}
	}
	out = domain.PulledRecord{Key: in.GetKey(), Document: schemas.Restore(s.Document, digest, body)}
	out.OccurredAt, err = occurred(in.GetOccurredUnixMicros())
	return out, err
}

// occurred is a time that can be written as RFC 3339.
func occurred(micros int64) (time.Time, error) {
	at := domain.FromMicros(micros)
	if !at.IsZero() && (at.Year() < 1 || at.Year() > 9999) {
		return time.Time{}, fmt.Errorf("it happened at %d microseconds since 1970, which is no time that can be written", micros)
	}
	return at, nil
}
