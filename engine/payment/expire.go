package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// expirePage is how many old payments one look takes.
const expirePage = 200

// errSent: something of the payment may be at the operator.
var errSent = errors.New("payment: it may be at the operator")

// Expire ends pending payments of which nothing was sent within PendingLimit, also
// those behind a closed gate, which no worker comes to: a page of the oldest ones
// at each call, and whether there are more. One that may be at the operator is
// left to its look-ups. One caller at a time; every node may have one, since
// whoever is first ends a payment.
func (s *Service) Expire(ctx context.Context) (more bool, err error) {
	rows, err := readRows(ctx, s.cfg.Store.Reader(), `status = $1 AND created_at <= $2 AND id > $3 ORDER BY id LIMIT $4`,
		schemas.PaymentPending, domain.Micros(s.now().Add(-s.cfg.PendingLimit)), s.swept, int64(expirePage))
	if err != nil {
		return false, fmt.Errorf("list old payments: %w", err)
	}
	s.swept = ""
	if len(rows) == expirePage {
		s.swept = string(rows[len(rows)-1].ID)
	}
	for _, r := range rows {
		err := s.expire(ctx, r)
		if err != nil && !errors.Is(err, errSent) && !errors.Is(err, store.ErrStale) {
			return false, fmt.Errorf("expire %s: %w", r.ID, err)
		}
	}
	return s.swept != "", nil
}

// expire ends one payment, unless an attempt of it is open.
func (s *Service) expire(ctx context.Context, r Row) error {
	r.Status, r.GivenUp, r.CompletedAt = schemas.PaymentTimeout, true, s.now()
	parts, err := s.settled(r)
	if err != nil {
		return err
	}
	return s.cfg.Applier.Apply(ctx, domain.Change{Parts: append(parts,
		domain.WorkCancel{ID: domain.WorkID(r.Message), Refused: errSent},
		domain.MessageEnd{ID: r.Message, Outcome: domain.EndCompleted, At: r.CompletedAt})})
}
