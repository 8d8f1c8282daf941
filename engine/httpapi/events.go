package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
)

// publication is the body of POST /v1/events: one event, or a batch.
type publication struct {
	callback.NewEvent
	Events []callback.NewEvent `json:"events"`
}

// postEvents stores one event or a batch, all or none. The bytes of data are
// stored as they came.
func (a *api) postEvents(w http.ResponseWriter, r *http.Request) error {
	body, err := a.read(r)
	if err != nil {
		return err
	}
	var in publication
	name, prefix, batch := bodyPublish, "", isBatch(body)
	if batch {
		name, prefix = bodyPublishBatch, "/events"
	}
	if err := a.decodeRaw(body, name, &in); err != nil {
		return err
	}
	if !batch {
		in.Events = []callback.NewEvent{in.NewEvent}
	}
	env := principal(r).Environment
	return a.submit(w, r, ingest.Submission{
		Body: body, Tells: true, Status: http.StatusAccepted, DoneStatus: http.StatusAccepted,
		Make: func(ctx context.Context) (domain.Draft, error) {
			return a.cfg.Callbacks.Publish(ctx, env, in.Events, prefix, batch)
		},
	})
}

// isBatch looks for the member that only a batch has, and into the body only
// where it may be there.
func isBatch(body []byte) bool {
	if !bytes.Contains(body, []byte(`"events"`)) {
		return false
	}
	var in struct {
		Events json.RawMessage `json:"events"`
	}
	return json.Unmarshal(body, &in) == nil && in.Events != nil
}

// eventView is a stored event.
type eventView struct {
	ID         domain.EventID        `json:"eventId"`
	Event      string                `json:"event"`
	BusinessID domain.OrganisationID `json:"businessId"`
	ResourceID *string               `json:"resourceId"`
	Sequence   int64                 `json:"sequence"`
	OccurredAt string                `json:"occurredAt"`
	Source     domain.EventSource    `json:"source"`
	Deliveries int                   `json:"deliveries"`
	Data       json.RawMessage       `json:"data"`
}

func viewEvent(e callback.StoredEvent) eventView {
	return eventView{
		ID: e.ID, Event: e.Type, BusinessID: e.Organisation, ResourceID: resource(e.Resource, e.ID), Sequence: e.Sequence,
		OccurredAt: wire(e.OccurredAt), Source: e.Source, Deliveries: e.Deliveries, Data: e.Data,
	}
}

// resource is null for an event that is about nothing but itself.
func resource(id string, event domain.EventID) *string {
	if id == string(event) {
		return nil
	}
	return text(id)
}

// eventFilters are the parameters of GET /v1/events.
func eventFilters() []string {
	return []string{"event", "resourceId", "since", "until", "order", "cursor", "limit"}
}

// maxList is the longest page under /v1/, and of the audit.
const maxList = 200

func (a *api) listEvents(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := callback.EventFilter{
		Pattern: q.pattern("event"), Resource: q.text("resourceId"), Since: q.moment("since"), Until: q.moment("until"),
		Oldest: q.oneOf("order", "asc", "desc") == "asc", After: domain.EventID(q.id("cursor", domain.PrefixEvent)),
		Limit: limit + 1, // one more says whether there is a next page
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Callbacks.Events(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewEvent, func(e callback.StoredEvent) domain.EventID { return e.ID })
	return answerPage(w, views, next)
}

func (a *api) getEvent(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixEvent, id) {
		return callback.ErrNoEvent
	}
	e, err := a.cfg.Callbacks.Event(r.Context(), principal(r).Environment.ID, domain.EventID(id))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, viewEvent(e))
}
