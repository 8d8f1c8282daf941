package invoice

import (
	"context"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// payablePointer is where an invoice says how much it takes of its original.
const payablePointer = "/legal_monetary_total/payable_amount"

// overCredited says how much of its original a credit note may take. back is
// what the note took before a correction, which it would have given back.
func (s *Service) overCredited(ctx context.Context, c candidate, back int64) error {
	o, err := s.row(ctx, c.environment.ID, c.original.ID)
	if err != nil {
		return ErrOverCredited
	}
	left := hundredths(o.Payable - o.Credited + back)
	fault := domain.FieldError{
		Pointer: c.prefix + payablePointer, Code: ErrOverCredited.Code,
		Detail: fmt.Sprintf("The note credits %s of invoice %s, of which %s %s are left.", c.invoice.LegalMonetaryTotal.PayableAmount.Short(), o.ID, left, o.Currency),
		Fix:    fmt.Sprintf("Credit at most %s %s.", left, o.Currency),
	}
	if left.IsZero() {
		fault.Fix = "Send no further credit note: this invoice is credited in full."
	}
	return exceeding(fault)
}

// overVoided is overCredited to a caller who named no amount.
func (s *Service) overVoided(ctx context.Context, r Row) error {
	o, err := s.row(ctx, r.Environment, r.ID)
	if err != nil {
		return ErrOverCredited
	}
	left := hundredths(o.Payable - o.Credited)
	fault := domain.FieldError{
		Code:   ErrOverCredited.Code,
		Detail: fmt.Sprintf("A void credits the whole invoice, %s %s, of which %s are left by other credit notes.", hundredths(o.Payable), o.Currency, left),
		Fix:    fmt.Sprintf("Post a credit note over %s %s, or void the other notes before they are signed.", left, o.Currency),
	}
	if left.IsZero() {
		fault.Fix = "Leave it: this invoice is credited in full."
	}
	return exceeding(fault)
}

func exceeding(fault domain.FieldError) error {
	e := *ErrOverCredited
	e.Fields = []domain.FieldError{fault}
	return &e
}

// explainCorrection tells a credit that is too high from one that another
// correction of the same note has taken meanwhile.
func (s *Service) explainCorrection(c candidate, old Row) func(context.Context, error) error {
	return func(ctx context.Context, err error) error {
		if !errors.Is(err, ErrOverCredited) {
			return staleIsChanged(ctx, err)
		}
		now, readErr := s.row(ctx, old.Environment, old.ID)
		if readErr == nil && (now.Message != old.Message || now.Status != old.Status) {
			return ErrChanged
		}
		var back int64
		if old.Status == StatusDraft && old.TypeCode == schemas.TypeCreditNote && old.Original == c.original.ID {
			back = old.Payable
		}
		return s.overCredited(ctx, c, back)
	}
}

func hundredths(n int64) schemas.Decimal { return schemas.NewDecimal(n, -cents).Short() }
