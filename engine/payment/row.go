package payment

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Type is what a payment does with money.
type Type string

// The types.
const (
	Collection   Type = "collection"
	Refund       Type = "refund"
	Disbursement Type = "disbursement"
)

// Row is a payment as the engine keeps it. Money is in whole units of its
// currency.
type Row struct {
	ID           domain.PaymentID
	Environment  domain.EnvironmentID
	Organisation domain.OrganisationID
	Sandbox      bool
	Type         Type
	Parent       domain.PaymentID // of a refund
	Store        string
	OrderRef     string
	// Invoice is what a collection pays, or a refund gives back. InvoiceNote is why
	// it is none although order_ref is the number of one.
	Invoice      domain.InvoiceID
	InvoiceNote  string
	OrderURL     string
	URLProtected bool
	Shares
	AbsorptionPct int64
	Currency      string // as the caller wrote it
	Money         string // ISO 4217
	Operator      string
	Country       string
	MSISDN        string // as the caller wrote it
	Reference     string
	Description   string
	Scenario      string
	Status        schemas.PaymentStatus
	Connection    domain.ConnectionID
	Message       domain.MessageID
	Document      domain.DocumentID
	CallbackURL   string // where the operator may push
	// OperatorReference is what the operator knows it by, ProviderTxID what the
	// operator calls it.
	OperatorReference string
	ProviderTxID      string
	Raw               json.RawMessage // the operator's own answer
	// Original is the collection that a refund is of, as its operator knows it.
	Original schemas.PaymentOriginal
	// Refunded is what successful refunds gave back of a collection, Refunding what
	// those under way will.
	Refunded, Refunding int64
	HeldReason          string
	// GivenUp is set when the status is ours and not the operator's: TIMEOUT of a
	// payment that it did not know, or what a person ended as not done. LateAt is
	// when it was found to have succeeded all the same.
	GivenUp bool
	LateAt  time.Time
	// LateEnd is what a person decided of a late success: LateAccepted, or the id of
	// the refund that gives it back.
	LateEnd string
	// OutOfSuspense is set of such a refund: its money is not the float's.
	OutOfSuspense bool
	CreatedAt     time.Time
	SubmittedAt   time.Time // when it was first about to be sent
	CompletedAt   time.Time
}

// latency is how long it took to end, zero while it has not.
func (r Row) latency() time.Duration {
	if r.CompletedAt.IsZero() {
		return 0
	}
	return r.CompletedAt.Sub(r.CreatedAt)
}

const rowColumns = `id, environment_id, organisation_id, sandbox, type, parent_id, store, order_ref, order_url, url_protected,
 amount, commission, merchant_share, net_amount, customer_total, absorption_pct, currency, money, operator, country, msisdn, reference,
 description, scenario, status, connection_id, message_id, document_id, callback_url, operator_reference, provider_tx_id, raw,
 original_reference, original_provider_tx_id, original_amount, refunded, refunding, held_reason, given_up, late_at, created_at, submitted_at, completed_at,
 late_end, out_of_suspense, invoice_id, invoice_note`

func insertRow(r Row) store.Statement {
	args := []any{
		r.ID, r.Environment, r.Organisation, asInt(r.Sandbox), r.Type, r.Parent, r.Store, r.OrderRef, r.OrderURL, asInt(r.URLProtected),
		r.Amount, r.Commission, r.MerchantShare, r.NetAmount, r.CustomerTotal, r.AbsorptionPct, r.Currency, r.Money, r.Operator, r.Country, r.MSISDN, r.Reference,
		r.Description, r.Scenario, r.Status, r.Connection, r.Message, r.Document, r.CallbackURL,
		r.Original.OperatorReference, r.Original.ProviderTxID, r.Original.Amount, domain.Micros(r.CreatedAt), domain.Micros(r.CompletedAt),
		asInt(r.OutOfSuspense), r.Invoice, r.InvoiceNote,
	}
	return store.Statement{
		SQL: `INSERT INTO payment (` + rowColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
 $23, $24, $25, $26, $27, $28, $29, '', '', '', $30, $31, $32, 0, 0, '', 0, 0, $33, 0, $34, '', $35, $36, $37) ON CONFLICT DO NOTHING`,
		Args: args, Rows: 1, Err: errTaken,
	}
}

func readRows(ctx context.Context, q store.Querier, rest string, args ...any) ([]Row, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM payment WHERE `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		var sandbox, protected, givenUp, late, created, submitted, completed, suspense int64
		var raw string
		if err := rows.Scan(&r.ID, &r.Environment, &r.Organisation, &sandbox, &r.Type, &r.Parent, &r.Store, &r.OrderRef, &r.OrderURL, &protected,
			&r.Amount, &r.Commission, &r.MerchantShare, &r.NetAmount, &r.CustomerTotal, &r.AbsorptionPct, &r.Currency, &r.Money, &r.Operator, &r.Country, &r.MSISDN, &r.Reference,
			&r.Description, &r.Scenario, &r.Status, &r.Connection, &r.Message, &r.Document, &r.CallbackURL, &r.OperatorReference, &r.ProviderTxID, &raw,
			&r.Original.OperatorReference, &r.Original.ProviderTxID, &r.Original.Amount, &r.Refunded, &r.Refunding, &r.HeldReason, &givenUp, &late, &created, &submitted, &completed,
			&r.LateEnd, &suspense, &r.Invoice, &r.InvoiceNote); err != nil {
			return nil, err
		}
		r.Sandbox, r.URLProtected, r.GivenUp, r.OutOfSuspense = sandbox == 1, protected == 1, givenUp == 1, suspense == 1
		r.CustomerShare = r.Commission - r.MerchantShare
		r.LateAt, r.CreatedAt = domain.FromMicros(late), domain.FromMicros(created)
		r.SubmittedAt, r.CompletedAt = domain.FromMicros(submitted), domain.FromMicros(completed)
		if raw != "" {
			r.Raw = json.RawMessage(raw)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// find is readRow for what is rarely there: a read of so many columns costs much
// also where it finds nothing.
func (s *Service) find(ctx context.Context, where string, args ...any) (Row, error) {
	id, err := s.readID(ctx, where, args...)
	if err != nil {
		return Row{}, err
	}
	return s.readRow(ctx, `id = $1`, id)
}

func (s *Service) readID(ctx context.Context, where string, args ...any) (id domain.PaymentID, err error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id FROM payment WHERE `+where, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	err = ErrNotFound
	for rows.Next() {
		err = rows.Scan(&id)
	}
	return id, errors.Join(rows.Err(), err)
}

func (s *Service) readRow(ctx context.Context, where string, args ...any) (Row, error) {
	rows, err := readRows(ctx, s.cfg.Store.Reader(), where, args...)
	if err == nil && len(rows) == 0 {
		return Row{}, ErrNotFound
	}
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// payer is the account that the customer's money lies in, as far as the ledger
// sees it.
func (r Row) payer() domain.Account {
	if r.Sandbox {
		return domain.SIMAccount(r.MSISDN)
	}
	return domain.SettlementAccount(r.Operator)
}

// operation is what the operator is asked.
func (r Row) operation() string {
	switch r.Type {
	case Refund:
		return schemas.OpPaymentRefund
	case Disbursement:
		return schemas.OpPaymentDisburse
	default:
		return schemas.OpPaymentCollect
	}
}

// moved is what the operator moves: from the customer with his share of the
// commission, or to him.
func (r Row) moved() int64 { return r.CustomerTotal }

// isoOf is the ISO 4217 code of a currency as callers write it: FCFA is a name of
// the franc that has the code XOF in these countries.
func isoOf(currency string) string {
	if strings.EqualFold(currency, "FCFA") {
		return "XOF"
	}
	return currency
}

func asInt(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
