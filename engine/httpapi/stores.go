package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
)

// storeView is a store of the merchant's.
type storeView struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	Active    bool   `json:"active"`
	CreatedAt string `json:"createdAt"`
}

func viewStore(m domain.MerchantStore) storeView {
	return storeView{Slug: m.Slug, Name: m.Name, Active: m.Active, CreatedAt: wire(m.CreatedAt)}
}

func (a *api) postStore(w http.ResponseWriter, r *http.Request) error {
	in, body, err := a.decodeStore(r, bodyStore)
	if err != nil {
		return err
	}
	env, by := principal(r).Environment.ID, actor(r)
	return a.submit(w, r, ingest.Submission{
		Body: body, Status: http.StatusCreated, DoneStatus: http.StatusCreated,
		Make: func(ctx context.Context) (domain.Draft, error) {
			m, draft, err := a.cfg.Corridors.CreateStore(ctx, env, in, by)
			if err != nil {
				return draft, err
			}
			draft.Answer, err = json.Marshal(viewStore(m))
			return draft, err
		},
	})
}

func (a *api) decodeStore(r *http.Request, name string) (in corridor.StorePatch, body []byte, err error) {
	in.Form, body, err = a.decodeForm(r, name, &in)
	return in, body, err
}

func (a *api) listStores(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit, after := q.count("limit", 50, maxList), q.text("cursor")
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Corridors.Stores(r.Context(), principal(r).Environment.ID, after, limit+1)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewStore, func(m domain.MerchantStore) string { return m.Slug })
	return answer(w, http.StatusOK, page[storeView]{views, text(next)})
}

func (a *api) getStore(w http.ResponseWriter, r *http.Request) error {
	return answerStore(w)(a.cfg.Corridors.ShownStore(r.Context(), principal(r).Environment.ID, chi.URLParam(r, "slug")))
}

// putStore changes what the body names.
func (a *api) putStore(w http.ResponseWriter, r *http.Request) error {
	in, _, err := a.decodeStore(r, bodyStoreChange)
	if err != nil {
		return err
	}
	return answerStore(w)(a.cfg.Corridors.UpdateStore(r.Context(), principal(r).Environment.ID, chi.URLParam(r, "slug"), in, actor(r)))
}

// deleteStore leaves the store to the payments that name it.
func (a *api) deleteStore(w http.ResponseWriter, r *http.Request) error {
	return answerStore(w)(a.cfg.Corridors.DisableStore(r.Context(), principal(r).Environment.ID, chi.URLParam(r, "slug"), actor(r)))
}

// answerStore answers what became of a store.
func answerStore(w http.ResponseWriter) func(domain.MerchantStore, error) error {
	return func(m domain.MerchantStore, err error) error {
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, viewStore(m))
	}
}
