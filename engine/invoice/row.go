package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Row is an invoice as the engine keeps it: what became of its document.
type Row struct {
	ID           domain.InvoiceID
	Environment  domain.EnvironmentID
	Organisation domain.OrganisationID
	Connection   domain.ConnectionID
	Document     domain.DocumentID
	Message      domain.MessageID
	Number       string
	ReferenceKey string
	IssueDate    string
	TypeCode     string
	Currency     string
	// Payable and Credited are hundredths of the currency.
	Payable, Credited int64
	Status            Status
	PaymentStatus     string
	// Paid is what payments gave, in hundredths and less what was refunded; it may
	// be more than Payable. PaidAt is when they first covered the invoice, PaidBy
	// the one that did.
	Paid   int64
	PaidAt time.Time
	PaidBy domain.PaymentID
	// Report is how the authority was told.
	Report Report
	// Source is what the invoice came from, WriteBack how that was told.
	Source      Source
	WriteBack   WriteBack
	HeldReason  string
	Reasons     []domain.FieldError
	IRN, QR     string
	Original    domain.InvoiceID
	VoidOf      domain.InvoiceID
	Party       domain.PartyID
	CallbackURL string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ValidatedAt time.Time
	SignedAt    time.Time
}

const insertColumns = `id, environment_id, organisation_id, connection_id, document_id, message_id, number, reference_key, issue_date, type_code, currency, payable, credited, status, payment_status, held_reason, reasons, irn, qr, original_id, void_of, party_id, callback_url, created_at, updated_at, validated_at, signed_at, paid, paid_at, paid_by, report, report_reason, report_id`

const rowColumns = insertColumns + `, source_connection, source_record, write_back, write_back_reason, write_back_id, write_back_again`

func insertRow(r Row) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO invoice (` + insertColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, '', '', '', '', $15, $16, $17, $18, $19, $19, 0, 0, 0, 0, '', '', '', '') ON CONFLICT DO NOTHING`,
		Args: []any{r.ID, r.Environment, r.Organisation, r.Connection, r.Document, r.Message, r.Number, r.ReferenceKey, r.IssueDate, r.TypeCode,
			r.Currency, r.Payable, r.Status, r.PaymentStatus, r.Original, r.VoidOf, r.Party, r.CallbackURL, domain.Micros(r.CreatedAt)},
		Rows: 1, Err: errTaken,
	}
}

// errTaken: the reference key, or the place as the note of a void, is taken.
var errTaken = errors.New("invoice: the number is taken")

func readRows(ctx context.Context, q store.Querier, where string, args ...any) ([]Row, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM invoice WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read invoices: %w", err)
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		var reasons string
		var created, updated, validated, signed, paidAt, again int64
		if err := rows.Scan(&r.ID, &r.Environment, &r.Organisation, &r.Connection, &r.Document, &r.Message, &r.Number, &r.ReferenceKey, &r.IssueDate,
			&r.TypeCode, &r.Currency, &r.Payable, &r.Credited, &r.Status, &r.PaymentStatus, &r.HeldReason, &reasons, &r.IRN, &r.QR, &r.Original, &r.VoidOf,
			&r.Party, &r.CallbackURL, &created, &updated, &validated, &signed,
			&r.Paid, &paidAt, &r.PaidBy, &r.Report.Status, &r.Report.Reason, &r.Report.Message,
			&r.Source.Connection, &r.Source.Record, &r.WriteBack.Status, &r.WriteBack.Reason, &r.WriteBack.Message, &again); err != nil {
			return nil, err
		}
		if reasons != "" {
			if err := json.Unmarshal([]byte(reasons), &r.Reasons); err != nil {
				return nil, fmt.Errorf("reasons of %s: %w", r.ID, err)
			}
		}
		r.CreatedAt, r.UpdatedAt = domain.FromMicros(created), domain.FromMicros(updated)
		r.ValidatedAt, r.SignedAt = domain.FromMicros(validated), domain.FromMicros(signed)
		r.PaidAt, r.WriteBack.Again = domain.FromMicros(paidAt), again == 1
		out = append(out, r)
	}
	return out, rows.Err()
}

func readRow(ctx context.Context, q store.Querier, where string, args ...any) (Row, error) {
	rows, err := readRows(ctx, q, where, args...)
	if err == nil && len(rows) == 0 {
		return Row{}, store.ErrNotFound
	}
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// state is what View needs of the row.
func (r Row) state() ViewState {
	return ViewState{
		ID: r.ID, OriginalID: r.Original, PartyID: r.Party, Environment: r.Environment,
		Status: r.Status, PaymentStatus: r.PaymentStatus, IRN: r.IRN, QR: r.QR, HeldReason: r.HeldReason, Errors: r.Reasons,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ValidatedAt: r.ValidatedAt, SignedAt: r.SignedAt,
	}
}

func reasonsJSON(reasons []domain.FieldError) (string, error) {
	if len(reasons) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(reasons)
	return string(raw), err
}

func marks(after, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", after+i+1)
	}
	return strings.Join(out, ", ")
}
