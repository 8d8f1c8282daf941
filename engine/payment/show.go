package payment

import (
	"context"
	"encoding/json"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Payment is a transaction as GET /v1/payments/{id} shows it.
type Payment struct {
	ID       domain.PaymentID `json:"id"`
	Type     Type             `json:"type"`
	Parent   *string          `json:"parentTxId"`
	OrderRef string           `json:"orderRef"`
	// Invoice and InvoiceNote are ours, not the contract's: absent where no invoice
	// is concerned.
	Invoice        *string               `json:"invoiceId,omitempty"`
	InvoiceNote    *string               `json:"invoiceNote,omitempty"`
	OrderURL       *string               `json:"orderUrl"`
	URLProtected   bool                  `json:"isUrlProtected"`
	Amount         int64                 `json:"amount"`
	Commission     int64                 `json:"commission"`
	NetAmount      int64                 `json:"netAmount"`
	CustomerTotal  int64                 `json:"customerTotal"`
	AbsorptionPct  int64                 `json:"merchantAbsorptionPct"`
	MerchantShare  int64                 `json:"merchantShare"`
	CustomerShare  int64                 `json:"customerShare"`
	CommissionMode string                `json:"commissionMode"`
	Currency       string                `json:"currency"`
	Operator       string                `json:"operator"`
	Country        string                `json:"country"`
	MSISDN         string                `json:"msisdn"`
	Reference      string                `json:"reference"`
	Description    *string               `json:"description"`
	Scenario       *string               `json:"scenario"`
	Status         schemas.PaymentStatus `json:"status"`
	// LatencyMs is how long the operator took; null while it is pending.
	LatencyMs *int64          `json:"latencyMs"`
	CreatedAt string          `json:"createdAt"`
	Raw       json.RawMessage `json:"raw"` // in production null while the operator has told nothing
}

func show(r Row) Payment {
	p := Payment{
		ID: r.ID, Type: r.Type, Parent: text(r.Parent), OrderRef: r.OrderRef, Invoice: text(r.Invoice), InvoiceNote: text(r.InvoiceNote), OrderURL: text(r.OrderURL), URLProtected: r.URLProtected,
		Amount: r.Amount, Commission: r.Commission, NetAmount: r.NetAmount, CustomerTotal: r.CustomerTotal, AbsorptionPct: r.AbsorptionPct,
		MerchantShare: r.MerchantShare, CustomerShare: r.CustomerShare, CommissionMode: CommissionMode(r.AbsorptionPct),
		Currency: r.Currency, Operator: r.Operator, Country: r.Country, MSISDN: r.MSISDN, Reference: r.Reference,
		Description: text(r.Description), Scenario: text(r.Scenario), Status: r.Status, CreatedAt: wire(r.CreatedAt), Raw: r.native(),
	}
	if !r.CompletedAt.IsZero() {
		ms := r.latency().Milliseconds()
		p.LatencyMs = &ms
	}
	return p
}

// native is the operator's own record as it is shown: what is of the sandbox says
// so, also where the operator has told nothing.
func (r Row) native() json.RawMessage {
	if len(r.Raw) == 0 && r.Sandbox {
		return json.RawMessage(`{"_simulated":true}`)
	}
	return r.Raw
}

// Get is one transaction of any type.
func (s *Service) Get(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID) (Payment, error) {
	r, err := s.one(ctx, env, id)
	return show(r), err
}

func (s *Service) one(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID) (Row, error) {
	return s.readRow(ctx, `id = $1 AND environment_id = $2`, id, env)
}

// Payout is a refund or a disbursement as its request is answered. Its members
// are in snake_case, unlike the Payment's.
type Payout struct {
	ID     domain.PaymentID      `json:"tx_id"`
	Type   Type                  `json:"type"`
	Status schemas.PaymentStatus `json:"status"`
	Amount int64                 `json:"amount"`
	*Refunds
	MerchantBalance int64 `json:"merchant_balance_after"`
	// RecipientBalance is what a test client has; null of anybody else.
	RecipientBalance *int64 `json:"recipient_balance_after"`
	Idempotent       bool   `json:"idempotent"`
}

// Refunds is what a refund's answer says of its collection.
type Refunds struct {
	Parent    domain.PaymentID `json:"parent_tx_id"`
	Total     int64            `json:"refunded_total"`
	Remaining int64            `json:"refundable_remaining"`
}

// Await answers a payout once it has ended, or as it is when so long has passed.
func (s *Service) Await(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID, limit time.Duration) (Payout, error) {
	r, err := s.ended(ctx, env, id, limit)
	if err != nil {
		return Payout{}, err
	}
	p := Payout{ID: r.ID, Type: r.Type, Status: r.Status, Amount: r.Amount}
	if p.MerchantBalance, err = s.cfg.Ledger.Balance(ctx, env, domain.AccountFloat, r.Money); err != nil {
		return Payout{}, err
	}
	if r.Type != Refund {
		return p, nil
	}
	of, err := s.one(ctx, env, r.Parent)
	p.Refunds = &Refunds{Parent: r.Parent, Total: of.Refunded, Remaining: of.Amount - of.Refunded - of.Refunding}
	return p, err
}

// ended reads a payment until it has its final status. Any node may give it
// that, so the database is asked.
func (s *Service) ended(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID, limit time.Duration) (Row, error) {
	over := time.NewTimer(limit)
	defer over.Stop()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		r, err := s.one(ctx, env, id)
		if err != nil || r.Status.Final() {
			return r, err
		}
		select {
		case <-time.After(pause):
		case <-over.C:
			return r, nil
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

func text[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

func wire(t time.Time) string { return t.UTC().Format(domain.WireTime) }
