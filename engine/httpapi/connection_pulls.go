package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
)

// runView is one read of a stream.
type runView struct {
	ID     domain.RunID `json:"id"`
	Stream string       `json:"stream"`
	Cause  pull.Cause   `json:"cause"`
	// Actor is the id of the key that asked for it; null for the schedule.
	Actor            *string       `json:"actor"`
	State            pull.State    `json:"state"`
	ConnectorVersion *string       `json:"connectorVersion"`
	AskedAt          string        `json:"askedAt"`
	StartedAt        *string       `json:"startedAt"`
	ProgressAt       *string       `json:"progressAt"`
	EndedAt          *string       `json:"endedAt"`
	RecordsRead      int64         `json:"recordsRead"`
	RecordsNew       int64         `json:"recordsNew"`
	RecordsChanged   int64         `json:"recordsChanged"`
	Remaining        *int64        `json:"remaining"`
	EstimatedEndAt   *string       `json:"estimatedEndAt"`
	Error            *runErrorView `json:"error"`
}

// runErrorView is why a run failed.
type runErrorView struct {
	Class   domain.Class `json:"class"`
	Code    string       `json:"code"`
	Message string       `json:"message"`
}

func viewRun(r pull.Run) runView {
	v := runView{
		ID: r.ID, Stream: r.Stream, Cause: r.Cause, Actor: text(r.Actor), State: r.State, ConnectorVersion: text(r.ConnectorVersion),
		AskedAt: wire(r.AskedAt), StartedAt: domain.FormatTime(r.StartedAt), EndedAt: domain.FormatTime(r.EndedAt),
		RecordsRead: r.Read, RecordsNew: r.New, RecordsChanged: r.Changed, EstimatedEndAt: domain.FormatTime(r.EndsAt()),
	}
	if r.Read > 0 {
		v.ProgressAt = domain.FormatTime(r.ProgressAt)
	}
	if r.Remaining >= 0 {
		v.Remaining = &r.Remaining
	}
	if r.Error != nil {
		v.Error = &runErrorView{Class: r.Error.Class, Code: r.Error.Code, Message: r.Error.Message}
	}
	return v
}

// streamsOf is a connection as its streams' reader knows it.
func streamsOf(c registry.Connection) pull.Connection {
	return pull.Connection{Ref: c.Ref(), Environment: c.Environment, Every: c.PollEvery}
}

// syncConnection asks for a run of each stream of the connection, or of one.
func (a *api) syncConnection(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	var in struct {
		Stream string `json:"stream"`
	}
	if _, err := a.decode(r, bodySync, &in); err != nil {
		return err
	}
	if err := takesNoCall(c); err != nil {
		return err
	}
	runs, err := a.cfg.Pulls.Sync(r.Context(), streamsOf(c), in.Stream, actor(r))
	if err != nil {
		return err
	}
	views, _ := paged(runs, len(runs), viewRun, runID)
	return answer(w, http.StatusAccepted, struct {
		Runs []runView `json:"runs"`
	}{views})
}

func runID(r pull.Run) domain.RunID { return r.ID }

// previewRecord is a record that was read and not stored.
type previewRecord struct {
	Key        string          `json:"key"`
	Schema     *string         `json:"schema"`
	OccurredAt *string         `json:"occurredAt"`
	Document   json.RawMessage `json:"document"`
}

func viewPulled(r domain.PulledRecord) previewRecord {
	return previewRecord{Key: r.Key, Schema: text(r.Document.Schema), OccurredAt: domain.FormatTime(r.OccurredAt), Document: r.Document.Body}
}

type previewView struct {
	Stream    string          `json:"stream"`
	Records   []previewRecord `json:"records"`
	CaughtUp  bool            `json:"caughtUp"`
	Remaining *int64          `json:"remaining"`
}

// defaultPreview is how many records a preview shows when nobody says.
const defaultPreview = 10

// previewConnection reads a stream and stores nothing, of a connection that may be
// disabled yet: a person wants to see what would come.
func (a *api) previewConnection(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	in := struct {
		Stream string `json:"stream"`
		Limit  int    `json:"limit"`
	}{Limit: defaultPreview}
	if _, err := a.decode(r, bodyPreview, &in); err != nil {
		return err
	}
	if err := a.mustBeReady(c); err != nil {
		return err
	}
	if !a.trials.take() {
		return errBusy
	}
	defer a.trials.free()
	ctx, cancel := context.WithTimeout(r.Context(), proveLimit)
	defer cancel()
	p, err := a.cfg.Pulls.Preview(ctx, streamsOf(c), in.Stream, in.Limit)
	var refused *domain.ConnectorError
	if errors.As(err, &refused) {
		return operation.Refusal(refused.Class, refused)
	}
	if err != nil {
		return err
	}
	v := previewView{Stream: in.Stream, Records: make([]previewRecord, len(p.Records)), CaughtUp: p.CaughtUp, Remaining: p.Remaining}
	for i, record := range p.Records {
		v.Records[i] = viewPulled(record)
	}
	return answer(w, http.StatusOK, v)
}

// listRuns answers the reads of a connection's streams, newest first.
func (a *api) listRuns(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := pull.Filter{
		Environment: c.Environment, Connection: c.ID, Stream: q.text("stream"),
		After: q.id("cursor", domain.PrefixRun), Limit: limit + 1,
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	runs, err := a.cfg.Pulls.Runs(r.Context(), f)
	if err != nil {
		return err
	}
	views, next := paged(runs, limit, viewRun, runID)
	return answer(w, http.StatusOK, page[runView]{Data: views, NextCursor: text(next)})
}
