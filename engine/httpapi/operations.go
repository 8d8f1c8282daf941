package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/schemas"
)

// The reasons why a connection takes no call.
var (
	errConnectionDisabled = &domain.Error{Kind: domain.KindConflict, Code: "connection_disabled",
		Detail: "The connection is disabled: enable it with POST /si/connections/{id}/enable."}
	errConnectionPaused = &domain.Error{Kind: domain.KindConflict, Code: "connection_paused"}
)

type doneView struct {
	Operation string          `json:"operation"`
	Result    json.RawMessage `json:"result"`
}

// pendingView is a call of which nobody knows yet what became of it.
type pendingView struct {
	Operation string           `json:"operation"`
	Status    operation.Status `json:"status"`
	Lookup    *string          `json:"lookup"`
}

// postOperation calls whatever operation the connector declares.
func (a *api) postOperation(w http.ResponseWriter, r *http.Request) error {
	c, err := a.connection(r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err == nil {
		err = ingest.CheckKey(key)
	}
	if err != nil {
		return err
	}
	name := chi.URLParam(r, "operation")
	input, document, err := a.decodeOperation(r, name)
	if err != nil {
		return err
	}
	done, err := a.cfg.Operations.Call(r.Context(), operation.Request{
		Environment: principal(r).Environment.ID, Connection: c.Ref(), Refused: takesNoCall(c),
		Operation: name, Key: key, Input: input, Document: document,
	})
	if done.Replayed && err == nil {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return answerOperation(w, name, done, err)
}

// memberDocument holds the document that a standard operation is about, beside
// the members of its input.
const memberDocument = "document"

// decodeOperation reads an operation's input and, of a standard one, proves the
// document beside it.
func (a *api) decodeOperation(r *http.Request, name string) (input []byte, document schemas.Document, err error) {
	var object map[string]json.RawMessage
	input, err = a.decode(r, bodyOperation, &object)
	if err != nil {
		return nil, document, err
	}
	schema, takes := schemas.OperationDocument(name)
	raw, given := object[memberDocument]
	if !takes || !given {
		return input, document, nil
	}
	document, err = schemas.Prove(schema, raw)
	if e := bodyError(err, "/"+memberDocument); e != nil {
		return nil, document, e
	}
	delete(object, memberDocument)
	input, err = json.Marshal(object)
	return input, document, err
}

func answerOperation(w http.ResponseWriter, name string, done operation.Answer, err error) error {
	switch {
	case err != nil:
		return err
	case done.Status == operation.StatusDone:
		return answer(w, http.StatusOK, doneView{name, done.Result})
	default:
		return answer(w, http.StatusAccepted, pendingView{name, done.Status, text(done.Lookup)})
	}
}

// takesNoCall says why not; nil when it does.
func takesNoCall(c registry.Connection) error {
	switch {
	case !c.Enabled:
		return errConnectionDisabled
	case c.Paused != nil:
		e := errConnectionPaused.Detailed("The connection is paused (" + c.Paused.Reason + "): mend what is wrong, or enable it with POST /si/connections/{id}/enable.")
		e.Extra = map[string]any{"reason": c.Paused.Reason}
		return e
	}
	return nil
}
