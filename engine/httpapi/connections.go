package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/registry"
)

// configuredView is a connection with its settings, secrets masked.
type configuredView struct {
	ID           domain.ConnectionID `json:"id"`
	Connector    string              `json:"connector"`
	Name         string              `json:"name"`
	Version      int64               `json:"version"`
	Enabled      bool                `json:"enabled"`
	Capabilities []string            `json:"capabilities"`
	Settings     json.RawMessage     `json:"settings"`
	// PollEverySeconds is 0 when only a person asks for its streams.
	PollEverySeconds int64       `json:"pollEverySeconds"`
	Paused           *pausedView `json:"paused"`
	// WebhookURL is where the vendor pushes to; null when the connector takes no
	// webhooks, or nobody has said how this installation is reached.
	WebhookURL *string `json:"webhookUrl"`
	CreatedAt  string  `json:"createdAt"`
	UpdatedAt  string  `json:"updatedAt"`
}

func (a *api) viewConfigured(c registry.Connection) configuredView {
	return configuredView{
		ID: c.ID, Connector: c.Connector, Name: c.Name, Version: c.Version, Enabled: c.Enabled,
		Capabilities: append([]string{}, c.Capabilities...), Settings: c.Settings, Paused: a.viewPaused(c),
		PollEverySeconds: int64(c.PollEvery / time.Second), WebhookURL: text(a.cfg.Webhooks.Address(c.Ref())),
		CreatedAt: wire(c.CreatedAt), UpdatedAt: wire(c.UpdatedAt),
	}
}

func (a *api) postConnection(w http.ResponseWriter, r *http.Request) error {
	in, body, err := a.decodeConnection(r, bodyConnection)
	if err != nil {
		return err
	}
	env, by := principal(r).Environment, actor(r)
	return a.submit(w, r, ingest.Submission{
		Body: body, Status: http.StatusCreated, DoneStatus: http.StatusCreated,
		Make: func(ctx context.Context) (domain.Draft, error) {
			c, draft, err := a.cfg.Connections.Create(ctx, env, in, by)
			if err != nil {
				return draft, err
			}
			draft.Answer, err = json.Marshal(a.viewConfigured(c))
			return draft, err
		},
	})
}

func (a *api) decodeConnection(r *http.Request, name string) (in registry.Patch, body []byte, err error) {
	in.Form, body, err = a.decodeForm(r, name, &in)
	return in, body, err
}

// listConnections answers all: an environment has few.
func (a *api) listConnections(w http.ResponseWriter, r *http.Request) error {
	list, err := a.cfg.Connections.List(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	out := page[configuredView]{Data: []configuredView{}}
	for _, c := range list {
		out.Data = append(out.Data, a.viewConfigured(c))
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) getConnection(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, a.viewConfigured(c))
}

// putConnection changes what the body names. A secret that is the mask stays.
func (a *api) putConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	in, _, err := a.decodeConnection(r, bodyConnectionChange)
	if err != nil {
		return err
	}
	return a.answerConnection(w)(a.cfg.Connections.Update(r.Context(), principal(r).Environment.ID, id, in, actor(r)))
}

// answerConnection answers what became of a connection.
func (a *api) answerConnection(w http.ResponseWriter) func(registry.Connection, error) error {
	return func(c registry.Connection, err error) error {
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, a.viewConfigured(c))
	}
}

func (a *api) deleteConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	if err := a.cfg.Connections.Delete(r.Context(), principal(r).Environment.ID, id, actor(r)); err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		ID      domain.ConnectionID `json:"id"`
		Deleted bool                `json:"deleted"`
	}{id, true})
}

func (a *api) enableConnection(w http.ResponseWriter, r *http.Request) error {
	return a.setEnabled(w, r, true)
}

func (a *api) disableConnection(w http.ResponseWriter, r *http.Request) error {
	return a.setEnabled(w, r, false)
}

func (a *api) setEnabled(w http.ResponseWriter, r *http.Request, enabled bool) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	return a.answerConnection(w)(a.cfg.Connections.SetEnabled(r.Context(), principal(r).Environment.ID, id, enabled, actor(r)))
}

// versionView is what a connection's settings were from one change on.
type versionView struct {
	Version  int64           `json:"version"`
	Settings json.RawMessage `json:"settings"`
	// Actor is a key's id, or operator; null when nobody knows.
	Actor     *string `json:"actor"`
	Note      string  `json:"note"`
	CreatedAt string  `json:"createdAt"`
}

func (a *api) listConnectionVersions(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	_, versions, err := a.cfg.Connections.Versions(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	out := page[versionView]{Data: []versionView{}}
	for _, v := range versions {
		out.Data = append(out.Data, versionView{Version: v.Number, Settings: v.Settings, Actor: text(v.Actor), Note: v.Note, CreatedAt: wire(v.CreatedAt)})
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) rollbackConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var in struct {
		Version int64 `json:"version"`
	}
	if _, err := a.decode(r, bodyRollback, &in); err != nil {
		return err
	}
	return a.answerConnection(w)(a.cfg.Connections.Rollback(r.Context(), principal(r).Environment.ID, id, in.Version, actor(r)))
}

// connection reads the caller's connection that the path names.
func (a *api) connection(r *http.Request) (registry.Connection, error) {
	id, err := connectionID(r)
	if err != nil {
		return registry.Connection{}, err
	}
	c, err := a.cfg.Connections.Shown(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return registry.Connection{}, fmt.Errorf("connection %s: %w", id, err)
	}
	return c, nil
}

func connectionID(r *http.Request) (domain.ConnectionID, error) {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixConnection, id) {
		return "", registry.ErrConnectionNotFound
	}
	return domain.ConnectionID(id), nil
}
