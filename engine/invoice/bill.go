package invoice

import (
	"context"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// maxNumbered is how many invoices of one number are read: more than one is as
// good as many.
const maxNumbered = 2

// Bill is the invoice of an id as payments see it; ErrNotFound where there is
// none in the environment.
func (s *Service) Bill(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (domain.Bill, error) {
	r, err := s.row(ctx, env, id)
	return r.bill(), err
}

// BillsNumbered are the invoices with a number as it was submitted, that are not
// cancelled: one for each issue date, and no more than two.
func (s *Service) BillsNumbered(ctx context.Context, env domain.EnvironmentID, number string) ([]domain.Bill, error) {
	const numbered = `environment_id = $1 AND number = $2 AND status <> 'CANCELLED'`
	if found, err := s.exists(ctx, numbered, env, number); err != nil || !found {
		return nil, err
	}
	rows, err := readRows(ctx, s.cfg.Store.Reader(), numbered+` ORDER BY id LIMIT $3`, env, number, int64(maxNumbered))
	bills := make([]domain.Bill, len(rows))
	for i, r := range rows {
		bills[i] = r.bill()
	}
	return bills, err
}

// exists reports whether there is such an invoice. Every payment asks for one whose
// number its order_ref is, and mostly there is none: a row's many columns would be
// most of the cost of learning that.
func (s *Service) exists(ctx context.Context, where string, args ...any) (bool, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT 1 FROM invoice WHERE `+where+` LIMIT 1`, args...)
	if err != nil {
		return false, fmt.Errorf("look for an invoice: %w", err)
	}
	defer rows.Close()
	return rows.Next(), rows.Err()
}

func (r Row) bill() domain.Bill {
	b := domain.Bill{ID: r.ID, Number: r.Number, Currency: r.Currency}
	switch {
	case r.TypeCode == schemas.TypeCreditNote:
		b.Refusal = "It is a credit note, which nobody pays."
	case r.Status != StatusDraft && r.Status != StatusCompleted:
		b.Refusal = "It is " + string(r.Status) + "."
	}
	return b
}

// Refusals of a request for payment.
var (
	ErrUnsigned = &domain.Error{Kind: domain.KindConflict, Code: "not_signed",
		Detail: "Only a signed invoice is asked for: wait for invoice.signed."}
	ErrNothingLeft = &domain.Error{Kind: domain.KindConflict, Code: "nothing_to_pay",
		Detail: "Nothing is left to pay of this invoice."}
)

// Ask is what may be asked of a customer for an invoice.
type Ask struct {
	Row
	Amount int64 // whole units of the currency
}

// Ask says what to ask for an invoice: amount whole units, or with 0 all that is
// left. Mobile money moves whole units, so what is left may be asked rounded up.
func (s *Service) Ask(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID, amount int64) (Ask, error) {
	r, err := s.row(ctx, env, id)
	if err != nil {
		return Ask{}, err
	}
	left := r.left()
	switch {
	case r.Status != StatusCompleted:
		return Ask{}, ErrUnsigned
	case r.TypeCode == schemas.TypeCreditNote || r.settledElsewhere() || left == 0:
		return Ask{}, ErrNothingLeft
	}
	most := (left + 99) / 100
	if amount == 0 && left%100 != 0 {
		return Ask{}, unaskable("whole_units", fmt.Sprintf("%s %s are left, and mobile money moves whole units.", hundredths(left), r.Currency),
			fmt.Sprintf("Send amount: %d leaves a rest, %d pays it all.", left/100, most))
	}
	if amount > most {
		return Ask{}, unaskable("range", fmt.Sprintf("Of the invoice %s %s are left.", hundredths(left), r.Currency), fmt.Sprintf("Ask for at most %d.", most))
	}
	if amount == 0 {
		amount = most
	}
	return Ask{Row: r, Amount: amount}, nil
}

func unaskable(code, detail, fix string) error {
	return &domain.Error{Kind: domain.KindInvalid, Code: "invalid_body", Detail: "The body breaks the rules that errors lists. Nothing was done.",
		Fields: []domain.FieldError{{Pointer: "/amount", Code: code, Detail: detail, Fix: fix}}}
}

// left is what has not been paid, in hundredths, never negative.
func (r Row) left() int64 { return max(0, r.due()-r.Paid) }

// due is what has to be paid in all: credit notes lower it.
func (r Row) due() int64 { return max(0, r.Payable-r.Credited) }

// bare reads an invoice of any environment: a payment has named it.
func (s *Service) bare(ctx context.Context, id domain.InvoiceID) (Row, error) {
	r, err := readRow(ctx, s.cfg.Store.Reader(), `id = $1`, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, fmt.Errorf("invoice %s of a payment: %w", id, err)
	}
	return r, err
}
