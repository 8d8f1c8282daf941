package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
)

// auditView is one deed of a person.
type auditView struct {
	ID      domain.AuditID `json:"id"`
	At      string         `json:"at"`
	Actor   string         `json:"actor"`
	Action  string         `json:"action"`
	Subject string         `json:"subject"`
	Detail  *string        `json:"detail"`
}

func viewAudit(e audit.Entry) auditView {
	return auditView{ID: e.ID, At: wire(e.At), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Detail: text(e.Detail)}
}

// auditFilters are the parameters of GET /si/audit.
func auditFilters() []string {
	return []string{"actor", "action", "subject", "since", "until", "cursor", "limit"}
}

func (a *api) listAudit(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := audit.Filter{
		Actor: q.text("actor"), Action: q.text("action"), Subject: q.text("subject"),
		Since: q.moment("since"), Until: q.moment("until"),
		Before: domain.AuditID(q.id("cursor", domain.PrefixAudit)), Limit: limit + 1,
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Audit.List(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewAudit, func(e audit.Entry) domain.AuditID { return e.ID })
	return answer(w, http.StatusOK, page[auditView]{views, text(next)})
}
