package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// The payment statuses. REJECTED and CANCELED come from the submitted invoice
// alone, and no payment changes them.
const (
	PaymentPending  = "PENDING"
	PaymentPartial  = "PARTIAL" // never told to the authority
	PaymentPaid     = "PAID"
	PaymentRejected = "REJECTED"
	PaymentCanceled = "CANCELED"
)

// settledElsewhere says that payments do not decide the payment status: it was
// submitted as one that ends.
func (r Row) settledElsewhere() bool {
	return r.PaymentStatus == PaymentRejected || r.PaymentStatus == PaymentCanceled || r.PaymentStatus == PaymentPaid && r.PaidAt.IsZero()
}

// Collected says what follows when a payment of an invoice succeeded.
func (s *Service) Collected(in domain.Receipt) []domain.Part { return []domain.Part{collected{in}} }

// Returned says what follows when such a payment was refunded, in part or all.
// The authority is not told.
func (s *Service) Returned(in domain.Receipt) []domain.Part { return []domain.Part{returned{in}} }

// collected and returned change what an invoice has been paid; what else follows
// depends on what it has been paid before.
type collected struct{ domain.Receipt }

func (collected) PartOf() domain.PartKind { return partCollected }

type returned struct{ domain.Receipt }

func (returned) PartOf() domain.PartKind { return partReturned }

// paid adds Amount hundredths to what an invoice has been paid, and gives it the
// status that follows. What this was worked out from is proved by the row.
type paid struct {
	Was    Row
	Amount int64
	// Status, At, By and Report are the row's from now on.
	Status string
	At     time.Time
	By     domain.PaymentID
	Report Report
	Now    time.Time
}

func (paid) PartOf() domain.PartKind { return partPaid }

// expandCollected counts a receipt and tells of it. The first time that
// payments cover a signed invoice the authority is told.
func (s *Service) expandCollected(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	in := part.(collected).Receipt
	r, err := s.bare(ctx, in.Invoice)
	if err != nil {
		return nil, err
	}
	if r.Currency != in.Currency { // a correction has changed it meanwhile
		return []domain.Part{domain.Unbilled{Payment: in.Payment,
			Note: fmt.Sprintf("Invoice %s is in %s by now: this payment is none of it.", r.ID, r.Currency)}}, nil
	}
	p := r.with(100*in.Amount, in.At)
	told, err := r.receipt(in)
	if err != nil {
		return nil, err
	}
	if p.Status != PaymentPaid || !r.PaidAt.IsZero() || r.settledElsewhere() {
		return []domain.Part{p, told}, nil
	}
	p.At, p.By = in.At, in.Payment
	if r.Status != StatusCompleted { // its signing is waited for
		return []domain.Part{p, told}, nil
	}
	r.PaymentStatus, r.Paid, r.PaidAt, r.PaidBy = p.Status, r.Paid+p.Amount, p.At, p.By
	report, more, err := s.report(ctx, r, in.At)
	p.Report = report
	return slices.Concat([]domain.Part{p, told}, more, r.tellSource(in.At)), err
}

// expandReturned takes back what a refund gave back.
func (s *Service) expandReturned(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	in := part.(returned).Receipt
	r, err := s.bare(ctx, in.Invoice)
	if err != nil {
		return nil, err
	}
	return []domain.Part{r.with(-100*in.Amount, in.At)}, nil
}

// with is the row with so much more paid, or less.
func (r Row) with(amount int64, at time.Time) paid {
	p := paid{Was: r, Amount: amount, Status: r.PaymentStatus, At: r.PaidAt, By: r.PaidBy, Report: r.Report, Now: at}
	switch now := r.Paid + amount; {
	case r.settledElsewhere() || r.due() == 0:
		return p
	case now >= r.due():
		p.Status = PaymentPaid
	case now > 0:
		p.Status = PaymentPartial
	default:
		p.Status = PaymentPending
	}
	if p.Status != PaymentPaid && r.Status != StatusCompleted { // nothing was told yet
		p.At, p.By = time.Time{}, ""
	}
	return p
}

// paidAs is a corrected invoice with what was paid of it before the correction.
func (r Row) paidAs(old Row) Row {
	r.Paid = old.Paid
	if r.settledElsewhere() || r.Paid == 0 {
		return r
	}
	if r.PaymentStatus = r.with(0, r.UpdatedAt).Status; r.PaymentStatus == PaymentPaid {
		r.PaidAt, r.PaidBy = r.UpdatedAt, old.PaidBy
	}
	return r
}

// signed ends an invoice that the authority has registered; what was paid of it
// before is reported now. Row is what was known of it, which costs no read where
// it still is so.
type signed struct {
	ended
	Row Row
}

func (signed) PartOf() domain.PartKind { return partSigned }

func (s *Service) expandSigned(ctx context.Context, part domain.Part, again bool) ([]domain.Part, error) {
	p := part.(signed)
	over, r := p.ended, p.Row
	over.Refused = store.ErrOutdated
	if again {
		now, err := s.bare(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		if now.Status != StatusDraft {
			over.Refused = nil // somebody else has ended it
		}
		r.PaymentStatus, r.Paid, r.PaidAt, r.PaidBy = now.PaymentStatus, now.Paid, now.PaidAt, now.PaidBy
	}
	over.PaidAt = &r.PaidAt
	if r.PaidAt.IsZero() {
		return []domain.Part{over}, nil
	}
	report, more, err := s.report(ctx, r, over.At)
	over.Report = report
	return append([]domain.Part{over}, more...), err
}

// writePaid holds when the invoice still is where the new status comes from, not
// only when it has been paid exactly as much: any number of payments may end at
// once, and each fails no more often than the status changes.
func writePaid(part domain.Part) ([]store.Statement, error) {
	p := part.(paid)
	proof := []string{"paid_at = $11", "payment_status = $12", "status = $13", "currency = $14"}
	switch {
	case p.Was.settledElsewhere():
	case p.Was.due() == 0:
		proof = append(proof, "credited >= payable")
	case p.Status == PaymentPaid:
		proof = append(proof, "credited < payable", "paid + $1 >= payable - credited")
	case p.Status == PaymentPartial:
		proof = append(proof, "paid + $1 < payable - credited", "paid + $1 > 0")
	default:
		proof = append(proof, "credited < payable", "paid + $1 <= 0")
	}
	return []store.Statement{{
		SQL: `UPDATE invoice SET paid = paid + $1, payment_status = $2, paid_at = $3, paid_by = $4, report = CASE WHEN $5 = '' THEN report ELSE $6 END,
 report_reason = CASE WHEN $5 = '' THEN report_reason ELSE $7 END, report_id = CASE WHEN $5 = '' THEN report_id ELSE $8 END, updated_at = $9
WHERE id = $10 AND ` + strings.Join(proof, " AND "),
		Args: []any{p.Amount, p.Status, domain.Micros(p.At), p.By, p.changed(), p.Report.Status, p.Report.Reason, p.Report.Message, domain.Micros(p.Now), p.Was.ID,
			domain.Micros(p.Was.PaidAt), p.Was.PaymentStatus, p.Was.Status, p.Was.Currency},
		Rows: 1, Err: store.ErrOutdated,
	}}, nil
}

// changed is empty where the report stays as the row has it.
func (p paid) changed() string {
	if p.Report == p.Was.Report {
		return ""
	}
	return string(p.Report.Status)
}

// receipt is receipt.created.
type receipt struct {
	ID            string           `json:"receiptId"`
	Amount        int64            `json:"amountKobo"` // hundredths of the currency's unit
	Currency      string           `json:"currency"`
	Date          string           `json:"receiptDate"`
	Method        string           `json:"paymentMethod"`
	Payment       domain.PaymentID `json:"paymentId"`
	Invoice       domain.InvoiceID `json:"invoiceId"`
	InvoiceNumber string           `json:"invoiceNumber"`
	Customer      domain.PartyID   `json:"customerId,omitempty"`
	CreatedAt     string           `json:"createdAt"`
}

// receipt tells of money that came in. A payment gives one receipt, which has
// the payment's id under a prefix of its own.
func (r Row) receipt(in domain.Receipt) (domain.Event, error) {
	id := "rcp_" + strings.TrimPrefix(string(in.Payment), domain.PrefixPayment)
	data, err := json.Marshal(receipt{
		ID: id, Amount: 100 * in.Amount, Currency: in.Currency, Date: in.At.In(Lagos).Format(time.DateOnly), Method: "mobile_money",
		Payment: in.Payment, Invoice: r.ID, InvoiceNumber: r.Number, Customer: r.Party, CreatedAt: wire(in.At),
	})
	if err != nil {
		return domain.Event{}, fmt.Errorf("tell the receipt of %s: %w", in.Payment, err)
	}
	e := newEvent(r, schemas.EventReceiptCreated, data, in.At)
	e.Resource = id
	return e, nil
}
