package httpapi

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// resolved is the answer to a person's resolution.
type resolved struct {
	MessageID domain.MessageID `json:"messageId"`
	Outcome   string           `json:"outcome"`
}

func (a *api) resolveMessage(w http.ResponseWriter, r *http.Request) error {
	id := domain.MessageID(chi.URLParam(r, "id"))
	if !domain.IsID(domain.PrefixMessage, string(id)) {
		return pipeline.ErrMessageNotFound
	}
	var in struct {
		Outcome  string `json:"outcome"`
		Evidence string `json:"evidence"`
	}
	if _, err := a.decode(r, bodyResolve, &in); err != nil {
		return err
	}
	p := principal(r)
	err := a.cfg.Pipeline.Resolve(r.Context(), p.Environment.ID, id, pipeline.Resolution{
		Outcome: domain.Ending(strings.ToLower(in.Outcome)), Evidence: in.Evidence, Actor: string(p.Key),
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, resolved{MessageID: id, Outcome: in.Outcome})
}
