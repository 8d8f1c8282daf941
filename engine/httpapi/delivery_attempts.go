package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// deliveryAttemptView is one attempt of a delivery.
type deliveryAttemptView struct {
	Number    int            `json:"number"`
	URL       string         `json:"url"`
	StartedAt string         `json:"startedAt"`
	Duration  int64          `json:"durationMs"`
	Status    *int           `json:"status"`
	Class     callback.Class `json:"class"`
	Reason    *string        `json:"reason"`
	// Headers are those of the answer that help to explain it.
	Headers       map[string]string `json:"headers"`
	Answer        *string           `json:"answer"`
	NextAttemptAt *string           `json:"nextAttemptAt"`
}

func viewDeliveryAttempt(t callback.AttemptRecord) deliveryAttemptView {
	v := deliveryAttemptView{
		Number: t.Number, URL: t.URL, StartedAt: wire(t.StartedAt), Duration: t.Duration.Milliseconds(), Status: number(t.Status),
		Class: t.Class, Reason: text(t.Reason), Headers: map[string]string{}, NextAttemptAt: domain.FormatTime(t.NextAt),
	}
	for name := range t.Header {
		v.Headers[name] = t.Header.Get(name)
	}
	if t.Status != 0 {
		v.Answer = &t.Answer
	}
	return v
}

// listDeliveryAttempts answers all: a policy has few.
func (a *api) listDeliveryAttempts(w http.ResponseWriter, r *http.Request) error {
	id, err := deliveryID(r)
	if err != nil {
		return err
	}
	list, err := a.cfg.Callbacks.Attempts(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	views := make([]deliveryAttemptView, len(list))
	for i, t := range list {
		views[i] = viewDeliveryAttempt(t)
	}
	return answerPage(w, views, "")
}
