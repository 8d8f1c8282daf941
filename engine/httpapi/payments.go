package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// payoutWait is how long the answer to a refund or a disbursement waits for the
// operator's word: most know at once.
const payoutWait = 5 * time.Second

// paymentRoutes are the payments API.
func (a *api) paymentRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	var none, body = limits{}, limits{body: true}
	routes := []route{
		{post, "/v1/payments", domain.ScopeWrite, body, a.postPayment},
		{get, "/v1/payments", domain.ScopeRead, limits{query: []string{"limit", "country", "operator", "status", "type", "order", "cursor"}}, a.listPayments},
		{get, "/v1/payments/{id}", domain.ScopeRead, none, a.getPayment},
		{post, "/v1/payments/{id}/refund", domain.ScopeWrite, body, a.postRefund},
		{post, "/v1/disbursements", domain.ScopeWrite, body, a.postDisbursement},
		{get, "/v1/meta", public, none, a.getMeta},
		{get, "/v1/health", public, limits{uncounted: true}, a.getHealth},
	}
	for i := range routes {
		routes[i].limits.sandpay = true
	}
	return routes
}

func (a *api) postPayment(w http.ResponseWriter, r *http.Request) error {
	var in payment.Request
	body, err := a.decode(r, bodyCollection, &in)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.submit(w, r, ingest.Submission{
		Body: body, New: true, Status: http.StatusCreated, DoneStatus: http.StatusOK,
		Make: func(ctx context.Context) (domain.Draft, error) { return a.cfg.Payments.Collect(ctx, env, in) },
	})
}

func (a *api) postRefund(w http.ResponseWriter, r *http.Request) error {
	id, err := paymentID(r)
	if err != nil {
		return err
	}
	var in payment.RefundRequest
	body, err := a.decode(r, bodyRefund, &in)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.payout(w, r, body, func(ctx context.Context, funded bool) (domain.Draft, error) {
		return a.cfg.Payments.Refund(ctx, env, id, in, funded)
	})
}

func (a *api) postDisbursement(w http.ResponseWriter, r *http.Request) error {
	var in payment.Request
	body, err := a.decode(r, bodyDisbursement, &in)
	if err != nil {
		return err
	}
	env := principal(r).Environment
	return a.payout(w, r, body, func(ctx context.Context, funded bool) (domain.Draft, error) {
		return a.cfg.Payments.Disburse(ctx, env, in, funded)
	})
}

// payout stores what make drafts and answers how it ended, or how far it is. One
// for which the float does not suffice is stored as such.
func (a *api) payout(w http.ResponseWriter, r *http.Request, body []byte, make func(ctx context.Context, funded bool) (domain.Draft, error)) error {
	submit := func(funded bool) (ingest.Answer, error) {
		return a.take(r, ingest.Submission{
			Body: body, New: true, Status: http.StatusCreated, DoneStatus: http.StatusOK,
			Make: func(ctx context.Context) (domain.Draft, error) { return make(ctx, funded) },
		})
	}
	done, err := submit(true)
	if payment.IsUnfunded(err) {
		done, err = submit(false)
	}
	if err != nil {
		return err
	}
	var made struct {
		ID domain.PaymentID `json:"id"`
	}
	if err := json.Unmarshal(done.Body, &made); err != nil {
		return fmt.Errorf("read what was accepted: %w", err)
	}
	env := principal(r).Environment
	out, err := a.cfg.Payments.Await(r.Context(), env.ID, made.ID, payoutWait)
	if err != nil {
		return err
	}
	if env.Kind == domain.Sandbox {
		out.RecipientBalance = a.recipientBalance(r, made.ID)
	}
	replay(w, done)
	out.Idempotent = done.Replayed || done.Status == http.StatusOK
	return answer(w, done.Status, out)
}

// balanceWait bounds the question after a SIM's balance.
const balanceWait = 2 * time.Second

// recipientBalance is what the recipient of a payout has in the sandbox; nil for
// one who is no test client, and where the operator's stand-in does not answer:
// the payout itself has ended by now.
func (a *api) recipientBalance(r *http.Request, id domain.PaymentID) *int64 {
	ctx, cancel := context.WithTimeout(r.Context(), balanceWait)
	defer cancel()
	p, err := a.cfg.Payments.Get(ctx, principal(r).Environment.ID, id)
	if err != nil {
		return nil
	}
	number, err := msisdn.Parse(p.MSISDN)
	if err != nil {
		return nil
	}
	o, err := a.operator(r, p.Operator, p.Country)
	if err != nil {
		return nil
	}
	list, err := o.list(ctx, string(number), "", 1)
	if err != nil || len(list) == 0 {
		return nil
	}
	return &list[0].Balance
}

func (a *api) getPayment(w http.ResponseWriter, r *http.Request) error {
	id, err := paymentID(r)
	if err != nil {
		return err
	}
	p, err := a.cfg.Payments.Get(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, p)
}

// paymentPage is the contract's form of a list.
type paymentPage struct {
	Data       []payment.Payment `json:"data"`
	HasMore    bool              `json:"hasMore"`
	NextCursor *string           `json:"nextCursor"`
}

func (a *api) listPayments(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f := payment.Filter{
		Country: q.oneOf("country", "BJ", "CI", "RW", "TG"), Operator: q.oneOf("operator", "airtel", "moov", "mtn", "orange"),
		Status: schemas.PaymentStatus(q.oneOf("status", paymentStatuses()...)), Type: payment.Type(q.oneOf("type", "collection", "refund", "disbursement")),
		Order: q.textUpTo("order", maxOrderRef), Limit: q.count("limit", 50, 100), After: q.payment("cursor"),
	}
	if err := queryError(q.faults); err != nil {
		return err
	}
	list, more, err := a.cfg.Payments.List(r.Context(), principal(r).Environment.ID, f)
	if err != nil {
		return err
	}
	page := paymentPage{Data: list, HasMore: more}
	if more {
		next := base64.RawURLEncoding.EncodeToString([]byte(list[len(list)-1].ID))
		page.NextCursor = &next
	}
	return answer(w, http.StatusOK, page)
}

// maxOrderRef is an order_ref of 120 characters, in bytes.
const maxOrderRef = 4 * 120

// payment reads a cursor: the last payment of the page before.
func (q *query) payment(name string) domain.PaymentID {
	v := q.text(name)
	if v == "" {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(v)
	if err != nil || !domain.IsID(domain.PrefixPayment, string(raw)) {
		q.fault(name, "cursor", "The value is no cursor of this list.", "Copy nextCursor of the page before, or leave it out.")
		return ""
	}
	return domain.PaymentID(raw)
}

func paymentStatuses() []string {
	return []string{
		string(schemas.PaymentSuccess), string(schemas.PaymentPending), string(schemas.PaymentPINInvalid), string(schemas.PaymentInsufficientFunds),
		string(schemas.PaymentTimeout), string(schemas.PaymentAccountBlocked), string(schemas.PaymentUserCancelled), string(schemas.PaymentUnknownMSISDN),
		string(schemas.PaymentLimitExceeded), string(schemas.PaymentServiceUnavailable), string(schemas.PaymentDuplicateReference),
	}
}

func paymentID(r *http.Request) (domain.PaymentID, error) {
	id := chi.URLParam(r, "id")
	if !domain.IsID(domain.PrefixPayment, id) {
		return "", payment.ErrNotFound
	}
	return domain.PaymentID(id), nil
}
