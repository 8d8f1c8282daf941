package payment

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

// EndedOf counts the payments of an invoice that have ended, refunds among them.
func (s *Service) EndedOf(ctx context.Context, id domain.InvoiceID) (n int64, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT COUNT(*) FROM payment WHERE invoice_id = $1 AND invoice_id <> '' AND status <> 'PENDING'`, id)
	if err != nil {
		return 0, fmt.Errorf("count the payments of %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// InvoiceReference is the reference of a request to pay an invoice that was
// signed at a time and of which so many payments have ended: the same for the
// same request, until one more has ended.
func (in Request) InvoiceReference(signed time.Time, ended int64) (string, error) {
	seed := strings.Join([]string{
		string(in.Invoice), fmt.Sprint(ended), fmt.Sprint(in.Amount), in.Currency, in.MSISDN, in.Operator, in.Country, in.Application,
	}, "\n")
	made, err := reference.Derive("INV", reference.Collection, signed, seed)
	return made.String(), err
}
