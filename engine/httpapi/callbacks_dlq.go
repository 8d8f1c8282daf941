package httpapi

import (
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// failedView is a delivery that ended without arriving, as GET
// /si/callbacks/dlq shows it.
type failedView struct {
	DeliveryID domain.DeliveryID `json:"deliveryId"`
	EventID    domain.EventID    `json:"eventId"`
	Event      string            `json:"event"`
	ResourceID *string           `json:"resourceId"`
	// WebhookID is null for a callback_url.
	WebhookID      *string         `json:"webhookId"`
	URL            string          `json:"url"`
	Stage          domain.Stage    `json:"stage"`
	Status         callback.Status `json:"status"`
	Class          callback.Class  `json:"class"`
	Reason         callback.Reason `json:"reason"`
	Advice         string          `json:"advice"`
	LastStatus     *int            `json:"lastStatus"`
	Answer         *string         `json:"answer"`
	Attempts       int             `json:"attempts"`
	FirstAttemptAt *string         `json:"firstAttemptAt"`
	FailedAt       *string         `json:"failedAt"`
}

func viewFailed(d callback.FailedDelivery) failedView {
	return failedView{
		DeliveryID: d.ID, EventID: d.Event, Event: d.Type, ResourceID: resource(d.Resource, d.Event), WebhookID: text(d.Endpoint), URL: d.URL,
		Stage: d.Stage, Status: d.Status, Class: d.Class, Reason: d.LastReason, Advice: d.Advice(), LastStatus: number(d.LastStatus),
		Answer: text(d.Answer), Attempts: d.Attempts, FirstAttemptAt: domain.FormatTime(d.FirstAt), FailedAt: domain.FormatTime(d.EndedAt),
	}
}

// failedFilters are the parameters of GET /si/callbacks/dlq.
func failedFilters() []string { return deliveryFilters() }

// listFailed lists the oldest first, as GET /si/dlq does.
func (a *api) listFailed(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f, limit := deliveryFilter(q, "exhausted", "refused", "abandoned")
	if err := queryError(q.faults); err != nil {
		return err
	}
	f.Oldest = true
	list, err := a.cfg.Callbacks.Failed(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewFailed, func(d callback.FailedDelivery) domain.DeliveryID { return d.ID })
	return answer(w, http.StatusOK, page[failedView]{Data: views, NextCursor: text(next)})
}

// failedStatsView counts what GET /si/callbacks/dlq lists.
type failedStatsView struct {
	Total          int               `json:"total"`
	ByStatus       map[string]int    `json:"byStatus"`
	ByReason       map[string]int    `json:"byReason"`
	Groups         []failedGroupView `json:"groups"`
	OldestFailedAt *string           `json:"oldestFailedAt"`
}

// failedGroupView are those of one receiver that failed alike.
type failedGroupView struct {
	WebhookID      *string         `json:"webhookId"`
	Status         callback.Status `json:"status"`
	Reason         callback.Reason `json:"reason"`
	Count          int             `json:"count"`
	OldestFailedAt *string         `json:"oldestFailedAt"`
	NewestFailedAt *string         `json:"newestFailedAt"`
}

func (a *api) failedStats(w http.ResponseWriter, r *http.Request) error {
	counts, err := a.cfg.Callbacks.FailedStats(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, viewFailedStats(counts))
}

func viewFailedStats(counts []callback.FailedCount) failedStatsView {
	v := failedStatsView{ByStatus: map[string]int{}, ByReason: map[string]int{}, Groups: []failedGroupView{}}
	var oldest time.Time
	for _, c := range counts {
		v.Total += c.Count
		v.ByStatus[string(c.Status)] += c.Count
		v.ByReason[string(c.Reason)] += c.Count
		if oldest.IsZero() || c.Oldest.Before(oldest) {
			oldest = c.Oldest
		}
		v.Groups = append(v.Groups, failedGroupView{
			WebhookID: text(c.Endpoint), Status: c.Status, Reason: c.Reason, Count: c.Count,
			OldestFailedAt: domain.FormatTime(c.Oldest), NewestFailedAt: domain.FormatTime(c.Newest),
		})
	}
	v.OldestFailedAt = domain.FormatTime(oldest)
	return v
}
