package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// replayDelivery sends an event once more to the same receiver.
func (a *api) replayDelivery(w http.ResponseWriter, r *http.Request) error {
	id, err := deliveryID(r)
	if err != nil {
		return err
	}
	made, err := a.cfg.Callbacks.Replay(r.Context(), principal(r).Environment.ID, id, actor(r))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusAccepted, viewDelivery(made))
}

// deliverySelection says which deliveries a replay of many means.
type deliverySelection struct {
	WebhookID  domain.EndpointID `json:"webhookId"`
	EventID    domain.EventID    `json:"eventId"`
	Event      string            `json:"event"`
	ResourceID string            `json:"resourceId"`
	Status     callback.Status   `json:"status"`
	CodeClass  string            `json:"codeClass"`
	Since      time.Time         `json:"since"`
	Until      time.Time         `json:"until"`
}

func (s deliverySelection) filter() (callback.DeliveryFilter, error) {
	f := callback.DeliveryFilter{
		Endpoint: s.WebhookID, Event: s.EventID, Pattern: s.Event, Resource: s.ResourceID, Status: s.Status,
		CodeClass: codeClass(s.CodeClass), Since: s.Since, Until: s.Until,
	}
	if s.Event == "" {
		return f, nil
	}
	if _, err := schemas.ParseEventPattern(s.Event); err != nil {
		return f, invalidBody([]domain.FieldError{{
			Pointer: "/filter/event", Code: "event_type", Detail: "No event type is like this.", Fix: fixEventType,
		}})
	}
	return f, nil
}

// replayDeliveriesRequest is the body of POST /v1/deliveries/replay.
type replayDeliveriesRequest struct {
	Filter  deliverySelection `json:"filter"`
	Preview bool              `json:"preview"`
	Cursor  replayCursor      `json:"cursor"`
}

func (a *api) replayDeliveries(w http.ResponseWriter, r *http.Request) error {
	var in replayDeliveriesRequest
	if _, err := a.decode(r, bodyReplayDeliveries, &in); err != nil {
		return err
	}
	f, err := in.Filter.filter()
	if err != nil {
		return err
	}
	done, err := a.replayMany(r, f, in.Cursor, in.Preview)
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, done)
}

// replayCursor is where a walk over many deliveries goes on, and the last one
// that it may meet: "dlv_….dlv_…".
type replayCursor string

func (a *api) replayMany(r *http.Request, f callback.DeliveryFilter, cursor replayCursor, preview bool) (replayCountView, error) {
	after, through, _ := strings.Cut(string(cursor), ".")
	f.After, f.Through = domain.DeliveryID(after), domain.DeliveryID(through)
	done, err := a.cfg.Callbacks.ReplayMany(r.Context(), principal(r).Environment.ID, f, preview, actor(r))
	if err != nil {
		return replayCountView{}, err
	}
	next := done.Next
	if next != "" {
		next += "." + string(done.Through)
	}
	return viewReplayCount(done, preview, next), nil
}
