package payment

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

// LateAccepted is the LateEnd of a late success that was taken as if it had come
// in time.
const LateAccepted = "accepted"

// RefundLate drafts the refund that gives the whole of a late collection back to
// its payer. The money lies in suspense: the float has no part in it. Where the
// refund fails it lies there again, and can be given back or accepted.
func (s *Service) RefundLate(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID, actor string) (domain.Draft, error) {
	of, err := s.late(ctx, env, id)
	if err != nil {
		return domain.Draft{}, err
	}
	if of.Type != Collection {
		return domain.Draft{}, ErrLatePayout
	}
	r := of.refund(s.now())
	r.OutOfSuspense = true
	r.Shares = Shares{Amount: of.CustomerTotal, NetAmount: of.CustomerTotal, CustomerTotal: of.CustomerTotal}
	if r.Reference, err = s.mint(reference.OriginOf(of.Reference), reference.Refund); err != nil {
		return domain.Draft{}, err
	}
	connection, err := s.through(ctx, &r, of.Connection)
	if err != nil {
		return domain.Draft{}, err
	}
	d, err := s.draft(r, connection, lateEnd{ID: of.ID, To: string(r.ID)}, of.audit("payment.refund_late", actor, string(r.ID), r.CreatedAt))
	if err != nil {
		return d, err
	}
	d.Answer, err = json.Marshal(record(r))
	d.Explain = s.explainLate(env, id)
	return d, err
}

// AcceptLate drafts that a late success counts as if it had come in time: of a
// collection the float gets its share, of a payout it pays what was sent.
func (s *Service) AcceptLate(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID, actor string) (domain.Draft, error) {
	r, err := s.late(ctx, env, id)
	if err != nil {
		return domain.Draft{}, err
	}
	now := s.now()
	r.LateEnd = LateAccepted
	raw, err := json.Marshal(record(r))
	parts := []domain.Part{lateEnd{ID: id, To: LateAccepted}, r.acceptLate(now), r.audit("payment.accept_late", actor, "", now)}
	if r.Type == Collection {
		parts = append(parts, s.follows(r, r.Type.told(), now)...)
	}
	return domain.Draft{
		Parts:  parts,
		Answer: raw, Done: true, Explain: s.explainLate(env, id),
	}, err
}

// acceptLate books what lies in suspense where it would have gone.
func (r Row) acceptLate(at time.Time) domain.Part {
	if r.Type == Collection {
		return r.entry(entryLateAccept, at,
			domain.Posting{Account: domain.AccountSuspense, Amount: -r.CustomerTotal},
			domain.Posting{Account: domain.AccountFloat, Amount: r.NetAmount},
			domain.Posting{Account: domain.AccountCommission, Amount: r.Commission})
	}
	return r.entry(entryLateAccept, at,
		domain.Posting{Account: domain.AccountFloat, Amount: -r.Amount, AtLeastZero: true, Refused: ErrLateFloat},
		domain.Posting{Account: domain.AccountSuspense, Amount: r.Amount})
}

// late is a payment that has succeeded late and of which nothing was decided.
func (s *Service) late(ctx context.Context, env domain.EnvironmentID, id domain.PaymentID) (Row, error) {
	r, err := s.one(ctx, env, id)
	switch {
	case err != nil:
		return r, err
	case r.LateAt.IsZero():
		return r, ErrNotLate
	case r.LateEnd != "":
		return r, lateEnded(r)
	}
	return r, nil
}

// lateEnded says what was decided.
func lateEnded(r Row) error {
	e := *ErrLateEnded
	e.Extra = map[string]any{"lateEnd": r.LateEnd}
	return &e
}

// explainLate tells one who came second what the first one decided.
func (s *Service) explainLate(env domain.EnvironmentID, id domain.PaymentID) func(context.Context, error) error {
	return func(ctx context.Context, err error) error {
		if errors.Is(err, ErrLateEnded) {
			if r, read := s.one(ctx, env, id); read == nil {
				return lateEnded(r)
			}
		}
		return explain(ctx, err)
	}
}

func (r Row) audit(action, actor, detail string, at time.Time) domain.Part {
	return domain.AuditEntry{Environment: r.Environment, Actor: actor, Action: action, Subject: string(r.ID), Detail: detail, At: at}
}
