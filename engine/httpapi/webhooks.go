package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
)

func (a *api) postWebhook(w http.ResponseWriter, r *http.Request) error {
	in, body, err := a.decodeWebhook(r, bodyWebhook)
	if err != nil {
		return err
	}
	env, by := principal(r).Environment, actor(r)
	return a.submit(w, r, ingest.Submission{
		Body: body, Status: http.StatusCreated, DoneStatus: http.StatusCreated,
		Make: func(ctx context.Context) (domain.Draft, error) {
			return a.cfg.Callbacks.CreateEndpoint(ctx, env, in, by)
		},
	})
}

// listWebhooks answers all: an environment has few.
func (a *api) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	list, err := a.cfg.Callbacks.Endpoints(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	views := make([]callback.EndpointView, len(list))
	for i, e := range list {
		views[i] = e.View()
	}
	return answerPage(w, views, "")
}

func (a *api) getWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	e, err := a.cfg.Callbacks.Endpoint(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, e.View())
}

// putWebhook changes what the body names. A secret in it is what the caller was
// shown, and is not looked at.
func (a *api) putWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	in, _, err := a.decodeWebhook(r, bodyWebhookChange)
	if err != nil {
		return err
	}
	e, err := a.cfg.Callbacks.UpdateEndpoint(r.Context(), principal(r).Environment.ID, id, in, actor(r))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, e.View())
}

type deletedView struct {
	ID      domain.EndpointID `json:"id"`
	Deleted bool              `json:"deleted"`
}

func (a *api) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	if err := a.cfg.Callbacks.DeleteEndpoint(r.Context(), principal(r).Environment.ID, id, actor(r)); err != nil {
		return err
	}
	return answerData(w, http.StatusOK, deletedView{ID: id, Deleted: true})
}

// rotateRequest is the body of both rotations.
type rotateRequest struct {
	OverlapSeconds *int64 `json:"overlapSeconds"`
}

// overlap is how long the old secret signs too.
func (in rotateRequest) overlap() time.Duration {
	if in.OverlapSeconds == nil {
		return callback.DefaultOverlap
	}
	return time.Duration(*in.OverlapSeconds) * time.Second
}

func (a *api) rotateWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var in rotateRequest
	if _, err := a.decode(r, bodyRotate, &in); err != nil {
		return err
	}
	e, secret, err := a.cfg.Callbacks.RotateEndpointSecret(r.Context(), principal(r).Environment.ID, id, in.overlap(), actor(r))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, e.Rotated(secret))
}

func webhookID(r *http.Request) (domain.EndpointID, error) {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixEndpoint, id) {
		return "", callback.ErrNoEndpoint
	}
	return domain.EndpointID(id), nil
}
