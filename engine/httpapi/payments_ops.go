package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// recordFilters are the parameters of GET /si/payments.
func recordFilters() []string {
	return []string{"status", "held", "late", "reference", "order", "cursor", "limit"}
}

// listPaymentRecords lists payments as those see them who run the engine.
func (a *api) listPaymentRecords(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f := payment.Filter{
		Status: schemas.PaymentStatus(q.oneOf("status", paymentStatuses()...)), Held: q.boolean("held"), Late: q.boolean("late"),
		Reference: q.text("reference"), Order: q.text("order"),
		After: domain.PaymentID(q.id("cursor", domain.PrefixPayment)), Limit: q.count("limit", 50, maxList),
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, more, err := a.cfg.Payments.Records(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	if err := a.addPaymentCalls(r.Context(), list); err != nil {
		return err
	}
	out := page[payment.Record]{Data: list}
	if more {
		out.NextCursor = text(list[len(list)-1].ID)
	}
	return answer(w, http.StatusOK, out)
}

func (a *api) getPaymentRecord(w http.ResponseWriter, r *http.Request) error {
	id, err := paymentID(r)
	if err != nil {
		return err
	}
	found, err := a.cfg.Payments.Record(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	list := []payment.Record{found}
	if err := a.addPaymentCalls(r.Context(), list); err != nil {
		return err
	}
	return answer(w, http.StatusOK, list[0])
}

// addPaymentCalls puts the attempts of each payment's message into its record.
func (a *api) addPaymentCalls(ctx context.Context, list []payment.Record) error {
	var ids []domain.MessageID
	for _, p := range list {
		if p.Message != nil {
			ids = append(ids, domain.MessageID(*p.Message))
		}
	}
	by, err := a.attemptsOf(ctx, ids)
	if err != nil {
		return err
	}
	for i, p := range list {
		if p.Message == nil || by[domain.MessageID(*p.Message)] == nil {
			continue
		}
		if list[i].Attempts, err = json.Marshal(by[domain.MessageID(*p.Message)]); err != nil {
			return err
		}
	}
	return nil
}

// refundLate gives the money of a late collection back to its payer.
func (a *api) refundLate(w http.ResponseWriter, r *http.Request) error {
	return a.decideLate(w, r, true, a.cfg.Payments.RefundLate)
}

// acceptLate takes a late success as if it had come in time.
func (a *api) acceptLate(w http.ResponseWriter, r *http.Request) error {
	return a.decideLate(w, r, false, a.cfg.Payments.AcceptLate)
}

// decideLate stores what draft makes of a late success. runs says that work
// follows.
func (a *api) decideLate(w http.ResponseWriter, r *http.Request, runs bool,
	draft func(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID, actor string) (domain.Draft, error),
) error {
	id, err := paymentID(r)
	if err != nil {
		return err
	}
	env, by := principal(r).Environment.ID, actor(r)
	return a.submit(w, r, ingest.Submission{
		New: runs, Status: http.StatusAccepted, DoneStatus: http.StatusOK,
		Make: func(ctx context.Context) (domain.Draft, error) { return draft(ctx, env, id, by) },
	})
}
