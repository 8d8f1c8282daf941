package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Void takes an invoice back: one that was never signed is cancelled, a signed
// one gets a credit note over its whole amount. Number names the note; empty
// means the invoice's number with CN behind it. A second void of a signed
// invoice answers the same note.
func (s *Service) Void(ctx context.Context, env domain.Environment, id domain.InvoiceID, number string) (domain.Draft, error) {
	r, err := s.row(ctx, env.ID, id)
	if err != nil {
		return domain.Draft{}, err
	}
	switch r.Status {
	case StatusCancelled:
		return s.asItIs(ctx, r)
	case StatusCompleted:
		return s.voidSigned(ctx, env, r, number)
	default:
		return s.cancel(ctx, r)
	}
}

// cancel ends an invoice that the authority does not know.
func (s *Service) cancel(ctx context.Context, r Row) (domain.Draft, error) {
	doc, err := s.document(ctx, r)
	if err != nil {
		return domain.Draft{}, err
	}
	from, now := r.Status, s.cfg.Store.Now()
	var parts []domain.Part
	if from == StatusDraft {
		if err := s.atRest(ctx, r); err != nil {
			return domain.Draft{}, err
		}
		parts = append(parts,
			domain.WorkCancel{ID: domain.WorkID(r.Message), Refused: s.refusal(r)},
			domain.MessageEnd{ID: r.Message, Outcome: domain.EndCancelled, At: now})
		parts = append(parts, giveBack(r)...)
	}
	r.Status, r.HeldReason, r.UpdatedAt = StatusCancelled, "", now
	inv, err := decode(doc)
	if err != nil {
		return domain.Draft{}, err
	}
	event, err := eventOf(r, inv, itemsOf(r.Environment, inv), "invoice.voided", now)
	if err != nil {
		return domain.Draft{}, err
	}
	answer, err := answerOf(r, event.Data, nil).encode()
	if err != nil {
		return domain.Draft{}, err
	}
	parts = append(parts, ended{ID: r.ID, Status: StatusCancelled, From: []Status{from}, Reasons: r.Reasons, At: now, Refused: ErrChanged}, event)
	return domain.Draft{Parts: append(parts, r.tellSource(now)...), Answer: answer, Done: true, Explain: staleIsChanged}, nil
}

func (s *Service) voidSigned(ctx context.Context, env domain.Environment, r Row, number string) (domain.Draft, error) {
	if r.TypeCode == schemas.TypeCreditNote {
		return domain.Draft{}, ErrVoidNote
	}
	note, err := s.noteOf(ctx, r)
	if err == nil {
		return s.asItIs(ctx, note)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return domain.Draft{}, err
	}
	doc, err := s.document(ctx, r)
	if err != nil {
		return domain.Draft{}, err
	}
	body, err := creditNote(doc, r, first(number, r.Number+"CN"), s.cfg.Store.Now().In(Lagos).Format("2006-01-02"))
	if err != nil {
		return domain.Draft{}, err
	}
	c, err := s.check(ctx, env, "", body) // the callback_url is the original's
	if err != nil {
		return domain.Draft{}, err
	}
	draft, err := s.draft(c, r.ID, Source{})
	if err != nil {
		return domain.Draft{}, err
	}
	draft.Explain = s.explainVoid(c, r, draft.Explain)
	return draft, nil
}

// explainVoid answers the note that a twin has just made, and names the one
// that failed and still has the number; anything else is as with any invoice.
func (s *Service) explainVoid(c candidate, r Row, other func(context.Context, error) error) func(context.Context, error) error {
	return func(ctx context.Context, err error) error {
		if errors.Is(err, ErrOverCredited) {
			return s.overVoided(ctx, r)
		}
		if !errors.Is(err, errTaken) {
			return other(ctx, err)
		}
		if _, twin := s.noteOf(ctx, r); twin == nil {
			return fmt.Errorf("%w: %w", domain.ErrAgain, ErrChanged)
		}
		if holder, readErr := s.holder(ctx, c); readErr == nil && holder.VoidOf == r.ID {
			return takenBy(holder, keptBy(holder))
		}
		return other(ctx, err)
	}
}

// keptBy says what to do about a void's note that ended unsigned.
func keptBy(note Row) string {
	what := "Correct it with PUT"
	if note.Status != StatusRejected {
		what = "Void it, which frees the number"
	}
	return fmt.Sprintf("The credit note %s that was to void this invoice is %s and keeps the number %s. %s, or void this invoice with another number: {\"number\": \"…\"}.",
		note.ID, note.Status, note.Number, what)
}

// noteOf is the credit note that voids r, not counting those that failed.
func (s *Service) noteOf(ctx context.Context, r Row) (Row, error) {
	return readRow(ctx, s.cfg.Store.Reader(), `void_of = $1 AND void_of <> '' AND status NOT IN ('CANCELLED', 'REJECTED', 'FAILED')`, r.ID)
}

// creditNote is the original's document as a credit note over all of it.
func creditNote(doc schemas.Document, r Row, number, today string) ([]byte, error) {
	inv, err := decode(doc)
	if err != nil {
		return nil, err
	}
	inv.InvoiceNumber, inv.InvoiceTypeCode, inv.IssueDate = number, schemas.TypeCreditNote, today
	inv.IssueTime, inv.DueDate, inv.TaxPointDate, inv.PaymentStatus = "", "", "", ""
	inv.PaymentMeans = nil
	inv.BillingReference = []schemas.DocumentReference{{IRN: r.IRN, IssueDate: r.IssueDate}}
	body, err := json.Marshal(inv)
	if err != nil {
		return nil, fmt.Errorf("credit note of %s: %w", r.ID, err)
	}
	return body, nil
}

// asItIs answers an invoice without changing anything.
func (s *Service) asItIs(ctx context.Context, r Row) (domain.Draft, error) {
	a, err := s.answer(ctx, r)
	if err != nil {
		return domain.Draft{}, err
	}
	raw, err := json.Marshal(a)
	return domain.Draft{Answer: raw, Done: r.Status == StatusCancelled}, err
}
