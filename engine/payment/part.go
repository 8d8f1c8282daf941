package payment

import (
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// The parts of a Change that this package writes.
const (
	partNew      domain.PartKind = "payment_new"
	partStaged   domain.PartKind = "payment_staged"
	partEnded    domain.PartKind = "payment_ended"
	partHeld     domain.PartKind = "payment_held"
	partRefund   domain.PartKind = "payment_refund"
	partLate     domain.PartKind = "payment_late"
	partLateNews domain.PartKind = "payment_late_news"
	partLateEnd  domain.PartKind = "payment_late_end"
)

// errTaken: another payment has the reference.
var errTaken = errors.New("payment: the reference is taken")

// newRow inserts a payment; its reference is reserved by it.
type newRow struct{ Row }

func (newRow) PartOf() domain.PartKind { return partNew }

// Resource implements domain.ResourcePart.
func (n newRow) Resource() (string, domain.Resource) { return string(n.ID), n.Row }

// staged stores the operator's reference, with `sent`.
type staged struct {
	ID                domain.PaymentID
	OperatorReference string
	At                time.Time
}

func (staged) PartOf() domain.PartKind { return partStaged }

// ended gives a payment its final status, once.
type ended struct{ Row }

func (ended) PartOf() domain.PartKind { return partEnded }

// held shows that a payment waits for a person; an empty reason, no longer.
type held struct {
	ID     domain.PaymentID
	Reason string
}

func (held) PartOf() domain.PartKind { return partHeld }

// refund moves what is under way and what was given back of a collection.
type refund struct {
	Parent domain.PaymentID
	// Refunding and Refunded are added to the columns of these names.
	Refunding, Refunded int64
}

func (refund) PartOf() domain.PartKind { return partRefund }

// late notes that a payment succeeded after it was given up.
type late struct {
	Row
	At time.Time
}

func (late) PartOf() domain.PartKind { return partLate }

// lateEnd moves what was decided of a late success from one value to another.
type lateEnd struct {
	ID       domain.PaymentID
	From, To string
}

func (lateEnd) PartOf() domain.PartKind { return partLateEnd }

// registerWriters tells the applier how the parts look in SQL.
func registerWriters(a *store.Applier) {
	a.Register(partNew, one(func(n newRow) store.Statement { return insertRow(n.Row) }))
	a.Register(partRefund, one(writeRefund))
	a.Register(partStaged, one(writeStaged))
	a.Register(partEnded, one(writeEnded))
	a.Register(partHeld, one(writeHeld))
	a.Register(partLateEnd, one(writeLateEnd))
	a.Register(partLate, func(p domain.Part) ([]store.Statement, error) { return writeLate(p.(late)), nil })
	a.Register(domain.PartUnbilled, one(writeUnbilled))
}

func one[T domain.Part](f func(T) store.Statement) store.Writer {
	return func(p domain.Part) ([]store.Statement, error) { return []store.Statement{f(p.(T))}, nil }
}

func writeRefund(f refund) store.Statement {
	return store.Statement{
		SQL: `UPDATE payment SET refunding = refunding + $1, refunded = refunded + $2
WHERE id = $3 AND type = 'collection' AND status = 'SUCCESS' AND refunded + refunding + $1 + $2 <= amount`,
		Args: []any{f.Refunding, f.Refunded, f.Parent}, Rows: 1, Err: ErrExceeds,
	}
}

func writeStaged(s staged) store.Statement {
	return store.Statement{
		SQL:  `UPDATE payment SET operator_reference = $1, submitted_at = CASE WHEN submitted_at = 0 THEN $2 ELSE submitted_at END WHERE id = $3 AND status = 'PENDING'`,
		Args: []any{s.OperatorReference, domain.Micros(s.At), s.ID}, Rows: 1,
	}
}

func writeEnded(e ended) store.Statement {
	return store.Statement{
		SQL:  `UPDATE payment SET status = $1, provider_tx_id = $2, raw = $3, given_up = $4, completed_at = $5, held_reason = '' WHERE id = $6 AND status = $7`,
		Args: []any{e.Status, e.ProviderTxID, string(e.Raw), asInt(e.GivenUp), domain.Micros(e.CompletedAt), e.ID, schemas.PaymentPending},
		Rows: 1,
	}
}

func writeHeld(h held) store.Statement {
	return store.Statement{
		SQL:  `UPDATE payment SET held_reason = $1 WHERE id = $2 AND status = 'PENDING'`,
		Args: []any{h.Reason, h.ID}, Rows: 1,
	}
}

func writeLateEnd(l lateEnd) store.Statement {
	return store.Statement{
		SQL:  `UPDATE payment SET late_end = $1 WHERE id = $2 AND late_end = $3 AND late_at > 0`,
		Args: []any{l.To, l.ID, l.From}, Rows: 1, Err: ErrLateEnded,
	}
}

// writeLate notes a late success, and what it means for the collection of a
// refund: it was given back. One that was to give a late success back has done so,
// unless another has that task by now.
func writeLate(l late) []store.Statement {
	var out []store.Statement
	done := `''`
	args := []any{domain.Micros(l.At), l.ProviderTxID, string(l.Raw), l.ID}
	switch {
	case l.OutOfSuspense:
		out = append(out, store.Statement{
			SQL:  `UPDATE payment SET late_end = $1 WHERE id = $2 AND late_end = ''`,
			Args: []any{l.ID, l.Parent}, Rows: store.AnyRows,
		})
		done = `CASE WHEN EXISTS (SELECT 1 FROM payment AS p WHERE p.id = $5 AND p.late_end = $4) THEN '` + LateAccepted + `' ELSE '' END`
		args = append(args, l.Parent)
	case l.Type == Refund:
		out = append(out, store.Statement{
			SQL:  `UPDATE payment SET refunded = CASE WHEN refunded + refunding + $1 <= amount THEN refunded + $1 ELSE amount - refunding END WHERE id = $2`,
			Args: []any{l.Amount, l.Parent}, Rows: 1,
		})
	}
	return append(out, store.Statement{
		SQL:  `UPDATE payment SET late_at = $1, provider_tx_id = $2, raw = $3, late_end = ` + done + ` WHERE id = $4 AND given_up = 1 AND late_at = 0`,
		Args: args, Rows: 1,
	})
}

func writeUnbilled(u domain.Unbilled) store.Statement {
	return store.Statement{
		SQL:  `UPDATE payment SET invoice_id = '', invoice_note = $1 WHERE id = $2`,
		Args: []any{u.Note, u.Payment}, Rows: 1,
	}
}
