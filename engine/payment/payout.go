package payment

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

// errFloat: the merchant has less than a payout takes.
var errFloat = errors.New("payment: the float does not suffice")

// IsUnfunded reports whether a draft could not be stored for want of float. It is
// then made again as one that ended for that.
func IsUnfunded(err error) bool { return errors.Is(err, errFloat) }

// payout drafts what takes money out of the float: reserved before it is sent.
func (s *Service) payout(r Row, connection Connection, funded bool, more ...domain.Part) (domain.Draft, error) {
	if !funded {
		r.Status, r.CompletedAt = schemas.PaymentInsufficientFunds, r.CreatedAt
		return s.draft(r, connection)
	}
	return s.draft(r, connection, append(more, r.reserve())...)
}

// RefundRequest asks to give a collection back.
type RefundRequest struct {
	Amount      int64  `json:"amount"` // 0: all that is left
	Reference   string `json:"reference"`
	Description string `json:"description"`
}

// Refund drafts a refund of a collection; funded is as for Disburse.
func (s *Service) Refund(ctx context.Context, env domain.Environment, id domain.PaymentID, in RefundRequest, funded bool) (domain.Draft, error) {
	of, err := s.one(ctx, env.ID, id)
	if err != nil {
		return domain.Draft{}, err
	}
	if in.Reference != "" {
		before, err := s.readRow(ctx, `environment_id = $1 AND reference = $2`, env.ID, in.Reference)
		if err == nil {
			return repeated(before.sameRefund(of, in), before)
		}
		if !errors.Is(err, ErrNotFound) {
			return domain.Draft{}, err
		}
	}
	if of.Type != Collection || of.Status != schemas.PaymentSuccess {
		return domain.Draft{}, ErrNotRefundable
	}
	r := of.refund(s.now())
	left := of.Amount - of.Refunded - of.Refunding
	amount := in.Amount
	if amount == 0 {
		amount = left
	}
	if amount < 1 || amount > left {
		return domain.Draft{}, exceeds(of)
	}
	r.Shares, r.Description = Shares{Amount: amount, NetAmount: amount, CustomerTotal: amount}, in.Description
	if r.Reference = in.Reference; r.Reference == "" {
		if r.Reference, err = s.mint(reference.OriginOf(of.Reference), reference.Refund); err != nil {
			return domain.Draft{}, err
		}
	}
	connection, err := s.through(ctx, &r, of.Connection)
	if err != nil {
		return domain.Draft{}, err
	}
	d, err := s.payout(r, connection, funded, refund{Parent: of.ID, Refunding: amount})
	d.Explain = func(ctx context.Context, err error) error {
		if errors.Is(err, ErrExceeds) {
			if of, read := s.one(ctx, env.ID, id); read == nil {
				return exceeds(of)
			}
		}
		return explain(ctx, err)
	}
	return d, err
}

// exceeds says what is left.
func exceeds(of Row) error {
	e := *ErrExceeds
	e.Extra = map[string]any{
		"refundable_remaining": of.Amount - of.Refunded - of.Refunding, "refunded_total": of.Refunded, "amount": of.Amount,
	}
	return &e
}

// sameRefund is what a repeated request for a refund asks for, as far as it says.
func (r Row) sameRefund(of Row, in RefundRequest) Row {
	asked := r
	asked.Type, asked.Parent = Refund, of.ID
	if in.Amount != 0 {
		asked.Amount = in.Amount
	}
	return asked
}
