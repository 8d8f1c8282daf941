package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/ledger"
)

// floatView is what an environment has in a currency.
type floatView struct {
	Currency   string `json:"currency"`
	Available  int64  `json:"available"`
	Suspense   int64  `json:"suspense"`
	Commission int64  `json:"commission"`
}

// getFloat answers all currencies: there are few.
func (a *api) getFloat(w http.ResponseWriter, r *http.Request) error {
	list, err := a.cfg.Ledger.Floats(r.Context(), principal(r).Environment.ID)
	if err != nil {
		return err
	}
	out := page[floatView]{Data: []floatView{}}
	for _, f := range list {
		out.Data = append(out.Data, floatView(f))
	}
	return answer(w, http.StatusOK, out)
}

// adjustmentView is what a person has booked onto the float or off it.
type adjustmentView struct {
	ID        domain.AdjustmentID `json:"id"`
	At        string              `json:"at"`
	Direction ledger.Direction    `json:"direction"`
	Operator  string              `json:"operator"`
	Currency  string              `json:"currency"`
	Amount    int64               `json:"amount"`
	Reason    string              `json:"reason"`
	Reference *string             `json:"reference"`
	Actor     string              `json:"actor"`
	EntryID   domain.EntryID      `json:"entryId"`
}

func viewAdjustment(a ledger.Adjustment) adjustmentView {
	return adjustmentView{
		ID: a.ID, At: wire(a.At), Direction: a.Direction, Operator: a.Operator, Currency: a.Currency, Amount: a.Amount,
		Reason: a.Reason, Reference: text(a.Reference), Actor: a.Actor, EntryID: a.Entry,
	}
}

// postAdjustment books money onto the float or off it.
func (a *api) postAdjustment(w http.ResponseWriter, r *http.Request) error {
	var in ledger.AdjustmentRequest
	form, body, err := a.decodeForm(r, bodyAdjustment, &in)
	if err != nil {
		return err
	}
	in.Form = form
	env, by := principal(r).Environment.ID, actor(r)
	return a.submit(w, r, ingest.Submission{
		Body: body, Status: http.StatusCreated, DoneStatus: http.StatusCreated,
		Make: func(ctx context.Context) (domain.Draft, error) {
			booked, draft, err := a.cfg.Ledger.Adjust(ctx, env, in, by)
			if err != nil {
				return draft, err
			}
			draft.Answer, err = json.Marshal(viewAdjustment(booked))
			return draft, err
		},
	})
}

// adjustmentFilters are the parameters of GET /si/float/adjustments.
func adjustmentFilters() []string { return []string{"currency", "reference", "cursor", "limit"} }

func (a *api) listAdjustments(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	limit := q.count("limit", 50, maxList)
	f := ledger.AdjustmentFilter{
		Currency: q.text("currency"), Reference: q.textUpTo("reference", maxBankReference),
		Before: domain.AdjustmentID(q.id("cursor", domain.PrefixAdjustment)), Limit: limit + 1,
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, err := a.cfg.Ledger.Adjustments(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	views, next := paged(list, limit, viewAdjustment, func(a ledger.Adjustment) domain.AdjustmentID { return a.ID })
	return answer(w, http.StatusOK, page[adjustmentView]{views, text(next)})
}

// maxBankReference is the longest reference in bytes: each of its characters may
// have four.
const maxBankReference = 400
