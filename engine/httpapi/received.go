package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/webhook"
)

// receivedView is a request of a vendor: what was verified of it, and nothing of
// what it said before.
type receivedView struct {
	ID          domain.WebhookID `json:"id"`
	Kind        string           `json:"kind"`
	State       webhook.State    `json:"state"`
	Size        int64            `json:"size"`
	Attempts    int              `json:"attempts"`
	Repeats     int              `json:"repeats"`
	ReceivedAt  string           `json:"receivedAt"`
	VerifiedAt  *string          `json:"verifiedAt"`
	DuplicateOf *string          `json:"duplicateOf"`
	Events      []toldView       `json:"events"`
	Error       *receivedError   `json:"error"`
}

// toldView is an event that a vendor told of.
type toldView struct {
	Type       string  `json:"type"`
	Reference  *string `json:"reference"`
	OccurredAt *string `json:"occurredAt"`
}

// receivedError is why the last attempt did not verify a request. It has no class
// when nobody was asked.
type receivedError struct {
	Class *string `json:"class"`
	Code  string  `json:"code"`
}

func viewReceived(r webhook.Received) receivedView {
	v := receivedView{
		ID: r.ID, Kind: r.Kind, State: r.State, Size: r.Size, Attempts: r.Attempts, Repeats: r.Repeats,
		ReceivedAt: wire(r.ReceivedAt), DuplicateOf: text(r.DuplicateOf), Events: []toldView{},
	}
	if r.State == webhook.StateVerified || r.State == webhook.StateDuplicate {
		v.VerifiedAt = domain.FormatTime(r.DecidedAt)
	}
	for _, e := range r.Events {
		v.Events = append(v.Events, toldView{Type: e.Type, Reference: text(e.Reference), OccurredAt: domain.FormatTime(e.OccurredAt)})
	}
	if r.ErrorCode != "" {
		v.Error = &receivedError{Class: text(r.ErrorClass), Code: r.ErrorCode}
	}
	return v
}

func (a *api) listReceived(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := webhook.Filter{
		State: webhook.State(q.oneOf("state", "unverified", "verified", "refused", "duplicate")),
		After: domain.WebhookID(q.id("cursor", domain.PrefixWebhook)), Limit: limit + 1,
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Webhooks.Received(r.Context(), c.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewReceived, func(r webhook.Received) domain.WebhookID { return r.ID })
	return answer(w, http.StatusOK, page[receivedView]{Data: views, NextCursor: text(next)})
}
