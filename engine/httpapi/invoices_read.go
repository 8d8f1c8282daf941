package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
)

func (a *api) getInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := invoiceID(r)
	if err != nil {
		return err
	}
	found, err := a.cfg.Invoices.Get(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	list := []invoice.Answer{found}
	if err := a.addAttempts(r.Context(), list); err != nil {
		return err
	}
	return answer(w, http.StatusOK, list[0])
}

// invoiceFilters are the parameters of GET /si/invoices.
func invoiceFilters() []string {
	return []string{"status", "paymentStatus", "held", "number", "irn", "type", "issuedFrom", "issuedTo", "createdSince", "createdBefore", "cursor", "limit"}
}

func (a *api) listInvoices(w http.ResponseWriter, r *http.Request) error {
	filter, err := readInvoiceFilter(r)
	if err != nil {
		return err
	}
	list, next, err := a.cfg.Invoices.List(r.Context(), principal(r).Environment.ID, filter)
	if err != nil {
		return err
	}
	if err := a.addAttempts(r.Context(), list); err != nil {
		return err
	}
	return answer(w, http.StatusOK, page[invoice.Answer]{Data: list, NextCursor: text(next)})
}

func readInvoiceFilter(r *http.Request) (invoice.Filter, error) {
	q := newQuery(r)
	f := invoice.Filter{
		Status: invoice.Status(q.oneOf("status", string(invoice.StatusDraft), string(invoice.StatusCompleted),
			string(invoice.StatusRejected), string(invoice.StatusCancelled), string(invoice.StatusFailed))),
		PaymentStatus: q.oneOf("paymentStatus", invoice.PaymentPending, invoice.PaymentPartial, invoice.PaymentPaid, invoice.PaymentRejected, invoice.PaymentCanceled),
		Held:          q.boolean("held"), Number: q.text("number"), IRN: q.text("irn"), TypeCode: q.text("type"),
		IssuedFrom: q.date("issuedFrom"), IssuedTo: q.date("issuedTo"),
		CreatedSince: q.moment("createdSince"), CreatedBefore: q.moment("createdBefore"),
		Before: domain.InvoiceID(q.id("cursor", domain.PrefixInvoice)),
		Limit:  q.count("limit", 50, invoice.MaxPage),
	}
	return f, queryError(q.faults)
}

// attemptView is one recorded call as the answer of an invoice or a payment shows
// it.
type attemptView struct {
	ID     domain.AttemptID `json:"id"`
	Stage  domain.Stage     `json:"stage"`
	Number int              `json:"number"`
	// Outcome is null while nobody knows.
	Outcome          *string         `json:"outcome"`
	ConnectorVersion string          `json:"connectorVersion"`
	Error            json.RawMessage `json:"error"`
	StartedAt        string          `json:"startedAt"`
	EndedAt          *string         `json:"endedAt"`
}

// addAttempts puts the attempts of each invoice's present message into its
// answer, with one read for all.
func (a *api) addAttempts(ctx context.Context, list []invoice.Answer) error {
	ids := make([]domain.MessageID, len(list))
	for i, x := range list {
		ids[i] = x.MessageID
	}
	by, err := a.attemptsOf(ctx, ids)
	if err != nil {
		return err
	}
	for i, x := range list {
		if mine := by[x.MessageID]; mine != nil {
			if list[i].Attempts, err = json.Marshal(mine); err != nil {
				return err
			}
		}
	}
	return nil
}

// attemptsOf views the recorded calls of messages, with one read for all.
func (a *api) attemptsOf(ctx context.Context, ids []domain.MessageID) (map[domain.MessageID][]attemptView, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	attempts, err := a.cfg.Pipeline.Attempts(ctx, ids...)
	if err != nil {
		return nil, err
	}
	by := map[domain.MessageID][]attemptView{}
	for _, t := range attempts {
		by[t.Message] = append(by[t.Message], attemptView{
			ID: t.ID, Stage: t.Stage, Number: t.Number, Outcome: text(t.Outcome), ConnectorVersion: t.ConnectorVersion,
			Error: t.Error, StartedAt: wire(t.StartedAt), EndedAt: domain.FormatTime(t.EndedAt),
		})
	}
	return by, nil
}
