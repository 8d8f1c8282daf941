package invoice

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Correct puts a new document in the place of one that was never signed, and
// runs it from the start. Number and issue date stay: they are the reference.
func (s *Service) Correct(ctx context.Context, env domain.Environment, id domain.InvoiceID, prefix string, raw []byte) (domain.Draft, error) {
	old, err := s.row(ctx, env.ID, id)
	if err != nil {
		return domain.Draft{}, err
	}
	if err := s.correctable(ctx, old); err != nil {
		return domain.Draft{}, err
	}
	fixed, err := s.fixed(ctx, old)
	if err != nil {
		return domain.Draft{}, err
	}
	c, err := s.submitted(ctx, env, prefix, raw, fixed)
	if err != nil {
		return domain.Draft{}, err
	}
	r := c.row()
	r.ID, r.VoidOf, r.CreatedAt, r.UpdatedAt = old.ID, old.VoidOf, old.CreatedAt, s.cfg.Store.Now()
	r.Source, r.WriteBack = old.Source, old.WriteBack
	r = r.paidAs(old)
	view, err := c.view(r)
	if err != nil {
		return domain.Draft{}, err
	}
	answer, err := answerOf(r, view, nil).encode()
	if err != nil {
		return domain.Draft{}, err
	}
	parts := append(s.run(c, r), redone{Row: r, OldMessage: old.Message, OldStatus: old.Status, Refused: ErrChanged})
	if old.Status == StatusDraft {
		parts = append(parts,
			domain.WorkCancel{ID: domain.WorkID(old.Message), Refused: s.refusal(old)},
			domain.MessageEnd{ID: old.Message, Outcome: domain.EndSuperseded, At: r.UpdatedAt})
		parts = append(parts, giveBack(old)...)
	}
	if c.original.ID != "" && r.TypeCode == schemas.TypeCreditNote {
		parts = append(parts, credit{Original: c.original.ID, Amount: r.Payable})
	}
	return domain.Draft{Parts: parts, Answer: answer, Explain: s.explainCorrection(c, old)}, nil
}

// correctable refuses early, with the exact reason; the commit decides.
func (s *Service) correctable(ctx context.Context, r Row) error {
	switch r.Status {
	case StatusCompleted:
		return ErrSigned
	case StatusRejected:
		return nil
	case StatusDraft:
		return s.atRest(ctx, r)
	default:
		return ErrNotCorrectable
	}
}

// atRest refuses while an effect of the invoice is in doubt.
func (s *Service) atRest(ctx context.Context, r Row) error {
	w, _, err := s.cfg.Store.WorkOf(ctx, domain.WorkID(r.Message))
	if errors.Is(err, store.ErrNotFound) {
		return ErrChanged
	}
	if err != nil {
		return err
	}
	if w.OpenAttempt != "" {
		return s.refusal(r)
	}
	return nil
}

// refusal is why an invoice with an open attempt is left alone.
func (*Service) refusal(r Row) error {
	if r.HeldReason != "" {
		return ErrResolveFirst
	}
	return ErrInFlight
}

// fixed is the rule of what a correction may not change.
func (s *Service) fixed(ctx context.Context, old Row) (rule, error) {
	if old.VoidOf == "" {
		return func(inv *schemas.Invoice) []domain.FieldError { return fixedReference(old, inv) }, nil
	}
	voided, err := s.row(ctx, old.Environment, old.VoidOf)
	if err != nil {
		return nil, err
	}
	return func(inv *schemas.Invoice) []domain.FieldError {
		return append(fixedReference(old, inv), fixedNote(old, voided, inv)...)
	}, nil
}

func fixedReference(old Row, inv *schemas.Invoice) []domain.FieldError {
	var out []domain.FieldError
	add := func(pointer, have string) {
		out = append(out, domain.FieldError{
			Pointer: pointer, Code: codeNotChangeable,
			Detail: "A correction keeps the invoice's number and issue date; this one has " + have + ".",
			Fix:    "Keep " + have + ", or void this invoice and post it anew.",
		})
	}
	if inv.InvoiceNumber != old.Number {
		add("/invoice_number", old.Number)
	}
	if inv.IssueDate != old.IssueDate {
		add("/issue_date", old.IssueDate)
	}
	if old.Paid != 0 && inv.DocumentCurrencyCode != old.Currency {
		out = append(out, domain.FieldError{
			Pointer: "/document_currency_code", Code: codeNotChangeable,
			Detail: "Payments of this invoice came in, in " + old.Currency + ".",
			Fix:    "Keep " + old.Currency + ", or refund them first.",
		})
	}
	return out
}

// staleIsChanged: what this request was built on is so no longer. A conflict
// is the same: the place as the note of a void went to another meanwhile.
func staleIsChanged(_ context.Context, err error) error {
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) {
		return ErrChanged
	}
	return err
}
