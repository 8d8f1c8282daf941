package pull

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// storeFor is how long one batch may take to be stored, also when the node stops
// meanwhile: a batch that is in hand need not be read again.
const storeFor = 30 * time.Second

// store stores a batch with the position after it, all or nothing, and then counts
// it. The lease is the fence: nobody else writes records of this stream, so what is
// known of them before the commit is still true in it.
func (r *reader) store(ctx context.Context, b domain.PullBatch) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	failpoint.Hit(failpoint.PullRead)
	is, err := r.told(ctx, b)
	if err != nil {
		return err
	}
	if err := r.s.cfg.Applier.Apply(ctx, is.change(r)); err != nil {
		if errors.Is(err, store.ErrStale) {
			return errMoved
		}
		return err
	}
	failpoint.Hit(failpoint.PullStored)
	r.run, r.cursor = is.run, is.cursor
	return nil
}

// stored is what a batch makes of a run and its stream.
type stored struct {
	run     Run
	cursor  []byte
	version string // of the connector that gave the cursor
	records []Record
	parts   []domain.Part
}

// told compares a batch with what is stored under its keys.
func (r *reader) told(ctx context.Context, b domain.PullBatch) (stored, error) {
	now := r.s.cfg.Store.Now()
	out := stored{run: r.run, cursor: r.cursor, version: b.ConnectorVersion}
	out.run.ConnectorVersion, out.run.ProgressAt, out.run.Remaining = b.ConnectorVersion, now, -1
	if b.Remaining != nil {
		out.run.Remaining = *b.Remaining
	}
	if len(b.Cursor) > 0 {
		out.cursor = b.Cursor
	}
	out.run.Read += int64(len(b.Records))
	latest := latestOf(b.Records)
	known, err := r.s.known(ctx, r.key, latest)
	if err != nil {
		return out, err
	}
	for _, p := range latest {
		was, seen := known[p.Key]
		if seen && was.digest == p.Document.Digest.String() {
			continue
		}
		if seen {
			out.run.Changed++
		} else {
			out.run.New++
			was = knownRecord{id: domain.NewID[domain.RecordID](domain.PrefixRecord), firstAt: now}
		}
		out.records = append(out.records, Record{
			ID: was.id, Connection: r.key.connection, Environment: r.connection.Environment, Stream: r.key.stream, PulledRecord: p,
			Version: was.version + 1, ConnectorVersion: b.ConnectorVersion, Run: r.run.ID, FirstAt: was.firstAt, StoredAt: now,
		})
	}
	out.parts, err = r.s.taken(ctx, out.records)
	return out, err
}

// latestOf keeps the last one of each key, in the order of the batch.
func latestOf(all []domain.PulledRecord) []domain.PulledRecord {
	last := make(map[string]int, len(all))
	for i, p := range all {
		last[p.Key] = i
	}
	if len(last) == len(all) {
		return all
	}
	out := make([]domain.PulledRecord, 0, len(last))
	for i, p := range all {
		if last[p.Key] == i {
			out = append(out, p)
		}
	}
	return out
}

// taken asks the takers of canonical records.
func (s *Service) taken(ctx context.Context, records []Record) (parts []domain.Part, err error) {
	for _, record := range records {
		take := s.taker(record.Document.Schema)
		if take == nil {
			continue
		}
		more, err := take(ctx, record)
		if err != nil {
			return nil, fmt.Errorf("take record %s of %s: %w", record.ID, record.Stream, err)
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

func (s *Service) taker(id schemas.ID) Taker {
	if id == "" {
		return nil
	}
	return s.cfg.Take[id]
}

// change is the fence, the position, the records, the run, and what was made of the
// records.
func (is stored) change(r *reader) domain.Change {
	statements := append(written{r.held()}, r.moved(is))
	for _, record := range is.records {
		statements = append(statements, record.row())
	}
	statements = append(statements, is.run.progress())
	return domain.Change{Parts: append([]domain.Part{statements}, is.parts...)}
}
