package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Direction is what an adjustment does to the float.
type Direction string

// The directions.
const (
	Credit Direction = "credit" // the merchant has put money on it
	Debit  Direction = "debit"  // and has taken money off it
)

// KindAdjustment is that of the ledger's entries of adjustments.
const KindAdjustment = "adjustment"

// Adjustment is money of the merchant's that an operator of mobile money has got
// from a bank or sent to it, as a person has booked it. It never changes: what was
// wrong is booked back by another one.
type Adjustment struct {
	ID          domain.AdjustmentID
	Environment domain.EnvironmentID
	Entry       domain.EntryID
	Direction   Direction
	// Operator is where the money lies; its settlement account is the other side.
	Operator string
	Currency string
	Amount   int64 // in whole units, above 0
	Reason   string
	// Reference is the bank's, of the transfer, and unique in the environment; empty
	// when there is none.
	Reference string
	Actor     string
	At        time.Time
}

// Refusals.
var (
	ErrFloat = &domain.Error{Kind: domain.KindConflict, Code: "float_too_low",
		Detail: "The float has less than is to be taken off it. Nothing was booked."}
	ErrReference = &domain.Error{Kind: domain.KindConflict, Code: "duplicate_reference",
		Detail: "The transfer with this reference is booked already: see adjustmentId. Nothing was booked."}
)

// deedAdjust begins what the audit calls an adjustment: float.credit, float.debit.
const deedAdjust = "float."

// Adjust drafts an adjustment of an environment's float; the caller makes the
// answer from it. A debit goes after the float's other ones, and is refused with
// ErrFloat when there is less.
func (s *Service) Adjust(ctx context.Context, env domain.EnvironmentID, in AdjustmentRequest, actor string) (Adjustment, domain.Draft, error) {
	if err := s.check(ctx, env, in); err != nil {
		return Adjustment{}, domain.Draft{}, err
	}
	a := Adjustment{
		ID: domain.NewID[domain.AdjustmentID](domain.PrefixAdjustment), Environment: env, Entry: domain.NewID[domain.EntryID](domain.PrefixEntry),
		Direction: in.Direction, Operator: in.Operator, Currency: in.Currency, Amount: in.Amount, Reason: in.Reason, Reference: in.Reference,
		Actor: actor, At: domain.FromMicros(domain.Micros(s.cfg.Store.Now())),
	}
	return a, domain.Draft{
		Parts: []domain.Part{a, a.entry(), domain.AuditEntry{
			Environment: env, Actor: actor, Action: deedAdjust + string(a.Direction), Subject: string(a.ID), Detail: a.String(), At: a.At,
		}},
		Done:    true,
		Explain: func(ctx context.Context, err error) error { return s.explain(ctx, a, err) },
	}, nil
}

// String is what the audit says of it.
func (a Adjustment) String() string {
	of := ""
	if a.Reference != "" {
		of = ", reference " + a.Reference
	}
	return fmt.Sprintf("%d %s, %s%s: %s", a.Amount, a.Currency, a.Operator, of, a.Reason)
}

// signed is what the float gets.
func (a Adjustment) signed() int64 {
	if a.Direction == Debit {
		return -a.Amount
	}
	return a.Amount
}

func (a Adjustment) entry() domain.LedgerEntry {
	return domain.LedgerEntry{
		ID: a.Entry, Environment: a.Environment, Kind: KindAdjustment, Resource: string(a.ID), Currency: a.Currency, At: a.At,
		Postings: []domain.Posting{
			{Account: domain.AccountFloat, Amount: a.signed(), AtLeastZero: true, Refused: ErrFloat},
			{Account: domain.SettlementAccount(a.Operator), Amount: -a.signed()},
		},
	}
}

// explain says what is there instead.
func (s *Service) explain(ctx context.Context, a Adjustment, err error) error {
	switch {
	case errors.Is(err, ErrFloat):
		if has, read := s.Balance(ctx, a.Environment, domain.AccountFloat, a.Currency); read == nil {
			e := ErrFloat.Detailed(fmt.Sprintf("The float has less than the %d %s that are to be taken off it: it has %d. Nothing was booked.", a.Amount, a.Currency, has))
			e.Extra = map[string]any{"available": has, "currency": a.Currency}
			return e
		}
	case errors.Is(err, ErrReference):
		list, read := s.Adjustments(ctx, a.Environment, AdjustmentFilter{Reference: a.Reference, Limit: 1})
		if read == nil && len(list) > 0 {
			e := ErrReference.Detailed(fmt.Sprintf("The transfer with this reference is booked already, as %s. Nothing was booked.", list[0].ID))
			e.Extra = map[string]any{"adjustmentId": list[0].ID}
			return e
		}
	}
	return err
}
