package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// heldView is one held message as GET /si/dlq shows it.
type heldView struct {
	MessageID     domain.MessageID    `json:"messageId"`
	ResourceID    string              `json:"resourceId"`
	Flow          string              `json:"flow"`
	ConnectionID  domain.ConnectionID `json:"connectionId"`
	Stage         domain.Stage        `json:"stage"`
	Reason        string              `json:"reason"`
	Advice        string              `json:"advice"`
	LastError     json.RawMessage     `json:"lastError"`
	Attempts      int                 `json:"attempts"`
	FirstFailedAt *string             `json:"firstFailedAt"`
	HeldAt        *string             `json:"heldAt"`
	// SettlesAt is when a request in doubt may be resolved or sent again.
	SettlesAt *string `json:"settlesAt"`
}

func viewHeld(h pipeline.HeldMessage) heldView {
	return heldView{
		MessageID: h.Message, ResourceID: h.Resource, Flow: h.Flow, ConnectionID: h.Connection, Stage: h.Stage,
		Reason: h.Reason, Advice: h.Advice, LastError: h.LastError, Attempts: h.Attempts,
		FirstFailedAt: domain.FormatTime(h.FirstFailedAt), HeldAt: domain.FormatTime(h.HeldAt), SettlesAt: domain.FormatTime(h.SettlesAt),
	}
}

// heldFilters are the parameters of GET /si/dlq.
func heldFilters() []string {
	return []string{"reason", "stage", "connectionId", "heldSince", "heldUntil", "cursor", "limit"}
}

// maxHeld is the longest page of GET /si/dlq.
const maxHeld = 200

func (a *api) listHeld(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit := q.count("limit", 50, maxHeld)
	f := pipeline.HeldFilter{
		Reason: q.text("reason"), Stage: domain.Stage(q.text("stage")),
		Connection: domain.ConnectionID(q.id("connectionId", domain.PrefixConnection)),
		HeldSince:  q.moment("heldSince"), HeldUntil: q.moment("heldUntil"),
		After: domain.MessageID(q.id("cursor", domain.PrefixMessage)),
		Limit: limit + 1, // one more says whether there is a next page
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	held, err := a.cfg.Pipeline.Held(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	out := page[heldView]{Data: []heldView{}}
	if len(held) > limit {
		held = held[:limit]
		out.NextCursor = text(held[limit-1].Message)
	}
	for _, h := range held {
		out.Data = append(out.Data, viewHeld(h))
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) heldStats(w http.ResponseWriter, r *http.Request) error {
	stats, err := a.cfg.Pipeline.HeldStats(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		pipeline.HeldStats
		OldestHeldAt *string `json:"oldestHeldAt"`
	}{stats, domain.FormatTime(stats.Oldest)})
}
