package httpapi

import (
	"fmt"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
)

// recordView is a record as it is stored.
type recordView struct {
	ID domain.RecordID `json:"id"`
	previewRecord
	Digest string `json:"digest"`
	// Version rises when other bytes come under the key.
	Version          int64        `json:"version"`
	ConnectorVersion string       `json:"connectorVersion"`
	RunID            domain.RunID `json:"runId"`
	FirstAt          string       `json:"firstAt"`
	StoredAt         string       `json:"storedAt"`
}

func viewRecord(r pull.Record) recordView {
	return recordView{
		ID: r.ID, previewRecord: viewPulled(r.PulledRecord), Digest: r.Document.Digest.String(), Version: r.Version,
		ConnectorVersion: r.ConnectorVersion, RunID: r.Run, FirstAt: wire(r.FirstAt), StoredAt: wire(r.StoredAt),
	}
}

// maxRecords is the longest page of records.
const maxRecords = 100

// listRecords answers what was read of a stream, newest first.
func (a *api) listRecords(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	q := newQuery(r)
	f := pull.Filter{
		Environment: c.Environment, Connection: c.ID, Stream: q.text("stream"), Key: q.text("key"),
		After: q.id("cursor", domain.PrefixRecord), Limit: q.count("limit", 20, maxRecords),
	}
	if !q.values.Has("stream") {
		q.fault("stream", "required", "The parameter is missing.", fmt.Sprintf("Name a stream of the connector %s.", c.Connector))
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, more, err := a.cfg.Pulls.Records(r.Context(), f)
	if err != nil {
		return err
	}
	out := page[recordView]{Data: make([]recordView, len(list))}
	for i, record := range list {
		out.Data[i] = viewRecord(record)
	}
	if more {
		out.NextCursor = text(list[len(list)-1].ID)
	}
	return answer(w, http.StatusOK, out)
}
