package payment

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// The kinds of the ledger's entries, each once for a payment.
const (
	entryReserve     = "reserve"      // a payout's money leaves the float before it is sent
	entryRelease     = "release"      // and comes back when it was not
	entryLateSuccess = "late_success" // money that moved after the payment was given up
	entryLateAccept  = "late_accept"  // and was taken as if it had moved in time
)

// settled is all that becomes true when a payment has its final status.
func (s *Service) settled(r Row) ([]domain.Part, error) {
	parts := []domain.Part{ended{r}}
	switch {
	case r.OutOfSuspense && r.Status != schemas.PaymentSuccess:
		parts = append(parts, lateEnd{ID: r.Parent, From: string(r.ID)})
	case r.Type == Refund && !r.OutOfSuspense:
		back := refund{Parent: r.Parent, Refunding: -r.Amount}
		if r.Status == schemas.PaymentSuccess {
			back.Refunded = r.Amount
		}
		parts = append(parts, back)
	}
	parts = append(parts, entriesOf(r)...)
	events, err := eventsOf(r)
	parts = append(parts, events...)
	if r.Status == schemas.PaymentSuccess {
		parts = append(parts, s.follows(r, r.Type.told(), r.CompletedAt)...)
	}
	return parts, err
}

// follows is what follows when a payment that is of an invoice has succeeded, or
// counts as if it had. A refund out of suspense is of money that never counted.
func (s *Service) follows(r Row, event string, at time.Time) []domain.Part {
	follow := s.cfg.Follow[event]
	if follow == nil || r.Invoice == "" || r.OutOfSuspense {
		return nil
	}
	return follow(domain.Receipt{Payment: r.ID, Invoice: r.Invoice, Amount: r.Amount, Currency: r.Money, At: at})
}

// told is the event of the end of a payment of a type.
func (t Type) told() string {
	switch t {
	case Refund:
		return schemas.EventPaymentRefunded
	case Disbursement:
		return schemas.EventDisbursementCompleted
	default:
		return schemas.EventPaymentCompleted
	}
}

// entriesOf is what the end of a payment does to the ledger.
func entriesOf(r Row) []domain.Part {
	done := r.Status == schemas.PaymentSuccess
	switch {
	case r.Type == Collection && done:
		return []domain.Part{r.entry(string(Collection), r.CompletedAt,
			domain.Posting{Account: r.payer(), Amount: -r.CustomerTotal},
			domain.Posting{Account: domain.AccountFloat, Amount: r.NetAmount},
			domain.Posting{Account: domain.AccountCommission, Amount: r.Commission})}
	case r.Type == Collection:
		return nil
	case done:
		return []domain.Part{r.entry(string(r.Type), r.CompletedAt,
			domain.Posting{Account: domain.AccountSuspense, Amount: -r.Amount},
			domain.Posting{Account: r.payer(), Amount: r.Amount})}
	case r.OutOfSuspense:
		return nil // it lies there again
	default:
		return []domain.Part{r.entry(entryRelease, r.CompletedAt,
			domain.Posting{Account: domain.AccountSuspense, Amount: -r.Amount},
			domain.Posting{Account: domain.AccountFloat, Amount: r.Amount})}
	}
}

// reserve takes a payout's money out of the float, where there is as much.
func (r Row) reserve() domain.Part {
	return r.entry(entryReserve, r.CreatedAt,
		domain.Posting{Account: domain.AccountFloat, Amount: -r.Amount, AtLeastZero: true, Refused: errFloat},
		domain.Posting{Account: domain.AccountSuspense, Amount: r.Amount})
}

func (r Row) entry(kind string, at time.Time, postings ...domain.Posting) domain.LedgerEntry {
	e := domain.LedgerEntry{
		ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: r.Environment,
		Kind: kind, Resource: string(r.ID), Currency: r.Money, At: at,
	}
	for _, p := range postings {
		if p.Amount != 0 {
			e.Postings = append(e.Postings, p)
		}
	}
	return e
}

// transaction is a payment as events tell it, in SandPay's words. Its reference
// is left out, as there: order_ref and tx_id match.
type transaction struct {
	ID             domain.PaymentID      `json:"tx_id"`
	Type           Type                  `json:"type"`
	Parent         *string               `json:"parent_tx_id"`
	Organisation   domain.OrganisationID `json:"org_id"`
	Corridor       string                `json:"env_id"`
	Country        string                `json:"country"`
	Operator       string                `json:"operator"`
	Amount         int64                 `json:"amount"`
	Currency       string                `json:"currency"`
	MSISDN         string                `json:"msisdn"`
	Status         schemas.PaymentStatus `json:"status"`
	Commission     int64                 `json:"commission"`
	NetAmount      int64                 `json:"net_amount"`
	CustomerTotal  int64                 `json:"customer_total"`
	AbsorptionPct  int64                 `json:"merchant_absorption_pct"`
	MerchantShare  int64                 `json:"merchant_share"`
	CustomerShare  int64                 `json:"customer_share"`
	CommissionMode string                `json:"commission_mode"`
	OrderRef       string                `json:"order_ref"`
	OrderURL       *string               `json:"order_url"`
	URLProtected   bool                  `json:"is_url_protected"`
	Description    *string               `json:"description"`
	Scenario       *string               `json:"scenario"`
	LatencyMs      int64                 `json:"latency_ms"`
	ProviderTxID   *string               `json:"provider_tx_id"`
	CreatedAt      string                `json:"created_at"`
	CompletedAt    string                `json:"completed_at"`
	Raw            json.RawMessage       `json:"raw"`
}

func (r Row) transaction() transaction {
	return transaction{
		ID: r.ID, Type: r.Type, Parent: text(r.Parent), Organisation: r.Organisation, Corridor: r.Operator + "-" + strings.ToLower(r.Country),
		Country: r.Country, Operator: r.Operator, Amount: r.Amount, Currency: r.Currency, MSISDN: r.MSISDN, Status: r.Status,
		Commission: r.Commission, NetAmount: r.NetAmount, CustomerTotal: r.CustomerTotal, AbsorptionPct: r.AbsorptionPct,
		MerchantShare: r.MerchantShare, CustomerShare: r.CustomerShare, CommissionMode: CommissionMode(r.AbsorptionPct),
		OrderRef: r.OrderRef, OrderURL: text(r.OrderURL), URLProtected: r.URLProtected, Description: text(r.Description),
		Scenario: text(r.Scenario), LatencyMs: r.latency().Milliseconds(), ProviderTxID: text(r.ProviderTxID),
		CreatedAt: wire(r.CreatedAt), CompletedAt: wire(r.CompletedAt), Raw: r.native(),
	}
}

// received is payment.received, which any provider's payment is told as.
type received struct {
	ID                domain.PaymentID `json:"paymentId"`
	Amount            int64            `json:"amountKobo"` // hundredths of the currency's unit
	Fee               int64            `json:"feeKobo"`
	Currency          string           `json:"currency"`
	ReceivedAt        string           `json:"receivedAt"`
	Provider          string           `json:"provider"`
	ProviderReference string           `json:"providerReference,omitempty"`
	Description       string           `json:"description,omitempty"`
}

// eventsOf are the events of a payment that has ended.
func eventsOf(r Row) ([]domain.Part, error) {
	ended, err := r.event(r.Type.told(), r.transaction(), r.CompletedAt)
	if err != nil || r.Type != Collection || r.Status != schemas.PaymentSuccess {
		return []domain.Part{ended}, err
	}
	in, err := r.event(schemas.EventPaymentReceived, received{
		ID: r.ID, Amount: 100 * r.NetAmount, Fee: 100 * r.MerchantShare, Currency: r.Money, ReceivedAt: wire(r.CompletedAt),
		Provider: r.Operator, ProviderReference: r.ProviderTxID, Description: r.Description,
	}, r.CompletedAt)
	return []domain.Part{ended, in}, err
}

func (r Row) event(kind string, data any, at time.Time) (domain.Event, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return domain.Event{}, fmt.Errorf("tell %s of %s: %w", kind, r.ID, err)
	}
	return domain.Event{
		ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: r.Environment, Organisation: r.Organisation,
		Type: kind, Resource: string(r.ID), Data: raw, OccurredAt: at,
	}, nil
}
