package payment

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Record is a payment as those see it who run the engine: what it waits for, and
// what the operator knows it by. Money is in whole units of the currency.
type Record struct {
	ID                domain.PaymentID      `json:"id"`
	Type              Type                  `json:"type"`
	Parent            *string               `json:"parentId"`
	Status            schemas.PaymentStatus `json:"status"`
	HeldReason        *string               `json:"heldReason"`
	GivenUp           bool                  `json:"givenUp"`
	LateAt            *string               `json:"lateAt"`
	LateEnd           *string               `json:"lateEnd"`
	OutOfSuspense     bool                  `json:"outOfSuspense"`
	Reference         string                `json:"reference"`
	OrderRef          string                `json:"orderRef"`
	OperatorReference *string               `json:"operatorReference"`
	ProviderTxID      *string               `json:"providerTxId"`
	Connection        domain.ConnectionID   `json:"connectionId"`
	Message           *string               `json:"messageId"` // null where nothing was to be sent
	Operator          string                `json:"operator"`
	Country           string                `json:"country"`
	MSISDN            string                `json:"msisdn"`
	Currency          string                `json:"currency"`
	Amount            int64                 `json:"amount"`
	Commission        int64                 `json:"commission"`
	NetAmount         int64                 `json:"netAmount"`
	CustomerTotal     int64                 `json:"customerTotal"`
	Refunded          int64                 `json:"refunded"`
	Refunding         int64                 `json:"refunding"`
	CreatedAt         string                `json:"createdAt"`
	SubmittedAt       *string               `json:"submittedAt"`
	CompletedAt       *string               `json:"completedAt"`
	Raw               json.RawMessage       `json:"raw"`
	// Attempts are the caller's to add: they belong to another part.
	Attempts json.RawMessage `json:"attempts"`
}

func record(r Row) Record {
	return Record{
		ID: r.ID, Type: r.Type, Parent: text(r.Parent), Status: r.Status, HeldReason: text(r.HeldReason), GivenUp: r.GivenUp,
		LateAt: domain.FormatTime(r.LateAt), LateEnd: text(r.LateEnd), OutOfSuspense: r.OutOfSuspense, Reference: r.Reference, OrderRef: r.OrderRef,
		OperatorReference: text(r.OperatorReference), ProviderTxID: text(r.ProviderTxID), Connection: r.Connection, Message: text(r.Message),
		Operator: r.Operator, Country: r.Country, MSISDN: r.MSISDN, Currency: r.Money,
		Amount: r.Amount, Commission: r.Commission, NetAmount: r.NetAmount, CustomerTotal: r.CustomerTotal, Refunded: r.Refunded, Refunding: r.Refunding,
		CreatedAt: wire(r.CreatedAt), SubmittedAt: domain.FormatTime(r.SubmittedAt), CompletedAt: domain.FormatTime(r.CompletedAt),
		Raw: r.Raw, Attempts: json.RawMessage(`[]`),
	}
}

// Record is one payment as those see it who run the engine.
func (s *Service) Record(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID) (Record, error) {
	r, err := s.one(ctx, env, id)
	return record(r), err
}

// Records answers a page and whether there is more.
func (s *Service) Records(ctx context.Context, env domain.EnvironmentID, f Filter) (page []Record, more bool, err error) {
	rows, more, err := s.page(ctx, env, f)
	page = make([]Record, len(rows)) // never null
	for i, r := range rows {
		page[i] = record(r)
	}
	return page, more, err
}
