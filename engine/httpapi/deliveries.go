package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// deliveryView is a delivery as it stands.
type deliveryView struct {
	ID         domain.DeliveryID `json:"id"`
	EventID    domain.EventID    `json:"eventId"`
	Event      string            `json:"event"`
	ResourceID *string           `json:"resourceId"`
	// WebhookID is null for a callback_url.
	WebhookID     *string         `json:"webhookId"`
	URL           string          `json:"url"`
	ReplayOf      *string         `json:"replayOf"`
	Status        callback.Status `json:"status"`
	Attempts      int             `json:"attempts"`
	LastStatus    *int            `json:"lastStatus"`
	LastReason    *string         `json:"lastReason"`
	LastAttemptAt *string         `json:"lastAttemptAt"`
	NextAttemptAt *string         `json:"nextAttemptAt"`
	CreatedAt     string          `json:"createdAt"`
	EndedAt       *string         `json:"endedAt"`
}

func viewDelivery(d callback.DeliveryRecord) deliveryView {
	v := deliveryView{
		ID: d.ID, EventID: d.Event, Event: d.Type, ResourceID: resource(d.Resource, d.Event), WebhookID: text(d.Endpoint),
		URL: d.URL, ReplayOf: text(d.ReplayOf), Status: d.Status, Attempts: d.Attempts, LastStatus: number(d.LastStatus),
		LastReason: text(d.LastReason), NextAttemptAt: domain.FormatTime(d.NextAt),
		CreatedAt: wire(d.CreatedAt), EndedAt: domain.FormatTime(d.EndedAt),
	}
	if d.Attempts > 0 {
		v.LastAttemptAt = domain.FormatTime(d.LastAt)
	}
	return v
}

// deliveryFilters are the parameters of GET /v1/deliveries.
func deliveryFilters() []string {
	return []string{"webhookId", "eventId", "event", "resourceId", "status", "codeClass", "since", "until", "cursor", "limit"}
}

// deliveryFilter reads what both lists of deliveries can be asked for. One more
// than limit is selected, which says whether there is a next page.
func deliveryFilter(q *query, statuses ...string) (f callback.DeliveryFilter, limit int) {
	limit = q.count("limit", 50, maxList)
	return callback.DeliveryFilter{
		Endpoint: domain.EndpointID(q.id("webhookId", domain.PrefixEndpoint)),
		Event:    domain.EventID(q.id("eventId", domain.PrefixEvent)),
		Pattern:  q.pattern("event"), Resource: q.text("resourceId"),
		Status: callback.Status(q.oneOf("status", statuses...)), CodeClass: codeClass(q.oneOf("codeClass", codeClasses()...)),
		Since: q.moment("since"), Until: q.moment("until"),
		After: domain.DeliveryID(q.id("cursor", domain.PrefixDelivery)), Limit: limit + 1,
	}, limit
}

// codeClasses are the kinds of last answers.
func codeClasses() []string { return []string{"2xx", "3xx", "4xx", "5xx", "none"} }

func codeClass(name string) int {
	switch name {
	case "":
		return 0
	case "none":
		return callback.NoAnswer
	default:
		return int(name[0] - '0')
	}
}

func (a *api) listDeliveries(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f, limit := deliveryFilter(q, "pending", "delivered", "exhausted", "refused", "abandoned")
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Callbacks.Deliveries(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewDelivery, func(d callback.DeliveryRecord) domain.DeliveryID { return d.ID })
	return answerPage(w, views, next)
}

func (a *api) getDelivery(w http.ResponseWriter, r *http.Request) error {
	id, err := deliveryID(r)
	if err != nil {
		return err
	}
	d, err := a.cfg.Callbacks.Delivery(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, viewDelivery(d))
}

func deliveryID(r *http.Request) (domain.DeliveryID, error) {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixDelivery, id) {
		return "", callback.ErrNoDelivery
	}
	return domain.DeliveryID(id), nil
}
