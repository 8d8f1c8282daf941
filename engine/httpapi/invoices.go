package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
)

var errEnvironment = &domain.Error{Kind: domain.KindForbidden, Code: "environment_mismatch",
	Detail: "The key belongs to another environment than environmentId names. Use that environment's key, or leave environmentId out."}

func (a *api) postInvoice(w http.ResponseWriter, r *http.Request) error {
	body, err := a.read(r)
	if err != nil {
		return err
	}
	sub, err := split(body, memberEnvironment, memberInvoice, memberSource)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	for _, named := range []string{sub.environment, r.URL.Query().Get(memberEnvironment)} {
		if named != "" && named != string(env.ID) {
			return errEnvironment
		}
	}
	source, err := a.source(&sub)
	if err != nil {
		return err
	}
	return a.accept(w, r, body, func(ctx context.Context) (domain.Draft, error) {
		if source != nil {
			draft, err := a.cfg.Invoices.AcceptFrom(ctx, env, *source, "/"+memberInvoice, sub.invoice)
			return draft, sub.refused(err)
		}
		draft, err := a.cfg.Invoices.Accept(ctx, env, "/"+memberInvoice, sub.invoice)
		return draft, sub.refused(err)
	})
}

// source reads what an invoice came from, nil when nothing is said of it. What is
// wrong with its form waits for the faults of the invoice.
func (a *api) source(sub *submission) (*invoice.Source, error) {
	if sub.source == nil {
		return nil, nil
	}
	e := bodyError(a.bodies[bodySource].Validate(sub.source), "/"+memberSource)
	if e != nil && e.Kind != domain.KindInvalid {
		return nil, e
	}
	if e != nil {
		sub.faults = append(sub.faults, e.Fields...)
		return nil, nil
	}
	var source invoice.Source
	return &source, json.Unmarshal(sub.source, &source)
}

func (a *api) putInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := invoiceID(r)
	if err != nil {
		return err
	}
	body, err := a.read(r)
	if err != nil {
		return err
	}
	sub, err := split(body, memberInvoice)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.accept(w, r, body, func(ctx context.Context) (domain.Draft, error) {
		draft, err := a.cfg.Invoices.Correct(ctx, env, id, "/"+memberInvoice, sub.invoice)
		return draft, sub.refused(err)
	})
}

func (a *api) voidInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := invoiceID(r)
	if err != nil {
		return err
	}
	var in struct {
		Number string `json:"number"`
	}
	body, err := a.decode(r, bodyVoid, &in)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.accept(w, r, body, func(ctx context.Context) (domain.Draft, error) {
		draft, err := a.cfg.Invoices.Void(ctx, env, id, in.Number)
		return draft, renamed(err, map[string]string{"/invoice_number": "/number"})
	})
}

// accept stores what make drafts, once for each Idempotency-Key. The key's
// route holds the path, so that one key on two invoices is two keys.
func (a *api) accept(w http.ResponseWriter, r *http.Request, body []byte, make func(context.Context) (domain.Draft, error)) error {
	return a.submit(w, r, ingest.Submission{
		Body:   body,
		New:    r.Method == http.MethodPost && chi.URLParam(r, "id") == "", // a correction or a void replaces what is there
		Status: http.StatusAccepted, DoneStatus: http.StatusOK, Make: make,
	})
}

// submit takes a submission and answers what became of it.
func (a *api) submit(w http.ResponseWriter, r *http.Request, sub ingest.Submission) error {
	done, err := a.take(r, sub)
	if err != nil {
		return err
	}
	replay(w, done)
	answerRaw(w, done.Status, done.Body)
	return nil
}

// take gives a submission its environment, route and key, and stores it.
func (a *api) take(r *http.Request, sub ingest.Submission) (done ingest.Answer, err error) {
	sub.Environment, sub.Route = principal(r).Environment.ID, r.Method+" "+r.URL.Path
	if sub.Key, err = idempotencyKey(r); err != nil {
		return done, err
	}
	return a.cfg.Ingest.Accept(r.Context(), sub)
}

// replay marks an answer that was given before.
func replay(w http.ResponseWriter, done ingest.Answer) {
	if done.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
}

// idempotencyKey reads the header; one that is there but says nothing would
// look like a guard and be none.
func idempotencyKey(r *http.Request) (string, error) {
	switch values := r.Header.Values("Idempotency-Key"); {
	case len(values) == 0:
		return "", nil
	case len(values) > 1 || values[0] == "":
		return "", ingest.ErrKeyInvalid
	default:
		return values[0], nil
	}
}

func invoiceID(r *http.Request) (domain.InvoiceID, error) {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixInvoice, id) {
		return "", invoice.ErrNotFound
	}
	return domain.InvoiceID(id), nil
}
