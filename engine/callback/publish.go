package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// NewEvent is an event that an integrator publishes.
type NewEvent struct {
	Event string `json:"event"`
	// Data is what the schema of the event's type describes.
	Data json.RawMessage `json:"data"`
	// ResourceID is what the event is about: events of one resource are numbered,
	// and in order for endpoints that ask for it. Empty for what the data names,
	// by the catalogue.
	ResourceID string `json:"resourceId"`
	// OccurredAt is RFC 3339; empty for now.
	OccurredAt string `json:"occurredAt"`
}

// MaxBatch is how many events one request publishes.
const MaxBatch = 100

// PublishedView is a published event as its answer shows it.
type PublishedView struct {
	EventID    domain.EventID `json:"eventId"`
	Event      string         `json:"event"`
	ResourceID *string        `json:"resourceId"`
	OccurredAt *string        `json:"occurredAt"`
}

// Publish drafts events of an environment, all or none of them. Faults point
// into the body, below prefix for a single event and below prefix/0, prefix/1 …
// for a batch.
func (s *Service) Publish(_ context.Context, env domain.Environment, events []NewEvent, prefix string, batch bool) (domain.Draft, error) {
	now := truncate(s.cfg.Store.Now())
	draft := domain.Draft{Done: true}
	views := make([]PublishedView, 0, len(events))
	var faults []domain.FieldError
	for i, n := range events {
		at := prefix
		if batch {
			at = fmt.Sprintf("%s/%d", prefix, i)
		}
		e, bad := n.check(at, now)
		faults = append(faults, bad...)
		e.Environment, e.Organisation = env.ID, env.Organisation
		draft.Parts = append(draft.Parts, e)
		views = append(views, PublishedView{EventID: e.ID, Event: e.Type, ResourceID: optional(n.ResourceID), OccurredAt: domain.FormatTime(e.OccurredAt)})
	}
	if len(faults) > 0 {
		return domain.Draft{}, invalid(0, faults...)
	}
	var err error
	if batch {
		draft.Answer, err = success(views)
	} else {
		draft.Answer, err = success(views[0])
	}
	return draft, err
}

// check makes the event, or says what is wrong with it.
func (n NewEvent) check(at string, now time.Time) (domain.Event, []domain.FieldError) {
	e := domain.Event{
		ID: domain.NewID[domain.EventID](domain.PrefixEvent), Type: n.Event, Resource: n.ResourceID,
		Data: n.Data, OccurredAt: now, Source: domain.SourceIntegrator,
	}
	faults := n.checkData(at)
	if e.Resource == "" && len(faults) == 0 {
		e.Resource = n.resource()
	}
	if e.Resource == "" {
		e.Resource = string(e.ID)
	}
	if len(e.Resource) > maxResource || containsControl(e.Resource) {
		faults = append(faults, domain.FieldError{
			Pointer: at + "/resourceId", Code: "max_length", Detail: "is longer than 100 bytes or holds control characters", Fix: "give a short id",
		})
	}
	if n.OccurredAt != "" {
		occurred, err := time.Parse(time.RFC3339Nano, n.OccurredAt)
		if err != nil || occurred.Year() < 2000 || occurred.After(now.Add(time.Hour)) {
			faults = append(faults, domain.FieldError{
				Pointer: at + "/occurredAt", Code: "time", Detail: "is not a time since 2000 and up to now", Fix: "write it as 2026-04-17T10:30:00.000Z, or leave it out",
			})
		}
		e.OccurredAt = truncate(occurred)
	}
	return e, faults
}

// maxResource is the longest id of a resource, in bytes.
const maxResource = 100

// resource is the member of the data that names what the event is about.
func (n NewEvent) resource() string {
	types := schemas.EventTypes()
	i := slices.IndexFunc(types, func(t schemas.EventTypeInfo) bool { return t.Name == n.Event })
	if i < 0 || types[i].Resource == "" {
		return ""
	}
	var members map[string]json.RawMessage
	var id string
	if json.Unmarshal(n.Data, &members) != nil || json.Unmarshal(members[types[i].Resource], &id) != nil {
		return ""
	}
	return id
}

// checkData holds the data to the schema of its event's type.
func (n NewEvent) checkData(at string) []domain.FieldError {
	err := schemas.ValidateEventData(n.Event, n.Data)
	var violations *schemas.ValidationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &violations):
		faults := make([]domain.FieldError, len(violations.Violations))
		for i, v := range violations.Violations {
			faults[i] = domain.FieldError{Pointer: at + "/data" + v.Pointer, Code: v.Code, Detail: v.Detail, Fix: v.Fix}
		}
		return faults
	default:
		return []domain.FieldError{eventFault(at+"/event", err)}
	}
}
