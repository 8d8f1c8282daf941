package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Connection is what an invoice needs to know of the connection that will
// register it.
type Connection struct {
	ID           domain.ConnectionID
	Stream       string
	Defaults     Defaults
	ReferenceKey schemas.ReferenceKey
}

// Connections finds the connection that serves invoices in an environment.
type Connections interface {
	InvoiceConnection(ctx context.Context, env domain.EnvironmentID) (Connection, error)
	// InvoiceStream is the stream of a connection that invoices were registered
	// with or came from, as it is now; store.ErrNotFound when it is gone.
	InvoiceStream(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (string, error)
	// TakesWriteBacks reports whether a connection can be told what became of an
	// invoice; store.ErrNotFound when the environment has no such connection.
	TakesWriteBacks(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (bool, error)
}

// Documents reads accepted documents.
type Documents interface {
	Documents(ctx context.Context, ids []domain.DocumentID) (map[domain.DocumentID]schemas.Document, error)
}

// Receivers judges where callbacks may go.
type Receivers interface {
	// CallbackRule gives an environment's rule: what is wrong with a URL, nil for
	// nothing.
	CallbackRule(ctx context.Context, env domain.EnvironmentID) (CallbackRule, error)
}

// CallbackRule says what is wrong with a callback_url, nil for nothing. The
// pointer of the fault is the caller's to set.
type CallbackRule func(url string) *domain.FieldError

// Config wires a Service.
type Config struct {
	Store       *store.Store   // required
	Applier     *store.Applier // required
	Connections Connections    // required
	Documents   Documents      // required
	// Receivers judges callback_urls; nil lets every form through.
	Receivers Receivers
}

// Service keeps invoices. Its methods may be called concurrently.
type Service struct {
	cfg    Config
	recent *recent
}

// New checks cfg and registers the writers of the invoice's tables.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Connections == nil || cfg.Documents == nil {
		return nil, errors.New("invoice: Store, Applier, Connections and Documents are required")
	}
	s := &Service{cfg: cfg, recent: newRecent()}
	registerWriters(cfg.Applier)
	cfg.Applier.Expand(partSigned, s.expandSigned)
	cfg.Applier.Expand(partCollected, s.expandCollected)
	cfg.Applier.Expand(partReturned, s.expandReturned)
	cfg.Applier.Expand(partBecome, s.expandBecome)
	cfg.Applier.Expand(partToldSource, s.expandToldSource)
	return s, nil
}

// Refusals.
var (
	ErrNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "invoice_not_found",
		Detail: "There is no such invoice in this environment."}
	ErrNumberTaken = &domain.Error{Kind: domain.KindConflict, Code: "invoice_number_taken",
		Detail: "Another invoice of this issue date has this number, or one that differs only in separators and letter case."}
	ErrInFlight = &domain.Error{Kind: domain.KindConflict, Code: "in_flight",
		Detail: "A request for this invoice is with the authority. Try again when it has been answered."}
	ErrResolveFirst = &domain.Error{Kind: domain.KindConflict, Code: "resolve_first",
		Detail: "This invoice is held with a request whose outcome nobody knows. Resolve or replay its message first."}
	ErrSigned = &domain.Error{Kind: domain.KindConflict, Code: "already_signed",
		Detail: "A signed invoice cannot be changed. Void it, or post a credit or debit note."}
	ErrNotCorrectable = &domain.Error{Kind: domain.KindConflict, Code: "not_correctable",
		Detail: "Only an unsigned invoice that is rejected, held or waiting can be corrected."}
	ErrOverCredited = &domain.Error{Kind: domain.KindInvalid, Code: "credit_exceeds_original",
		Detail: "Credit notes together may not exceed the payable amount of the original, which must be signed."}
	ErrVoidNote = &domain.Error{Kind: domain.KindConflict, Code: "credit_note_not_voidable",
		Detail: "A signed credit note cannot be voided. Post a debit note against the original instead."}
	ErrChanged = &domain.Error{Kind: domain.KindConflict, Code: "changed_meanwhile",
		Detail: "This invoice changed while your request was on its way. Read it again."}
)

// below puts prefix before the pointers of a refusal's fields.
func below(prefix string, err error) error {
	var refusal *domain.Error
	if !errors.As(err, &refusal) {
		return err
	}
	e := *refusal
	e.Fields = slices.Clone(refusal.Fields)
	for i := range e.Fields {
		e.Fields[i].Pointer = prefix + e.Fields[i].Pointer
	}
	return &e
}

// Answer is an invoice as /si/invoices shows it.
type Answer struct {
	ID         domain.InvoiceID    `json:"id"`
	Status     Status              `json:"status"`
	HeldReason *string             `json:"heldReason"`
	MessageID  domain.MessageID    `json:"messageId"`
	Errors     []domain.FieldError `json:"errors"`
	// Attempts are the recorded calls of the present message.
	Attempts    json.RawMessage `json:"attempts"`
	CreatedAt   string          `json:"createdAt"`
	UpdatedAt   string          `json:"updatedAt"`
	ValidatedAt *string         `json:"validatedAt"`
	SignedAt    *string         `json:"signedAt"`
	IRN         *string         `json:"irn"`
	QRCodeData  *string         `json:"qrCodeData"`
	OriginalID  *string         `json:"originalInvoiceId"`
	// PaymentStatus is the view's payment_status; Paid is less what was refunded,
	// and may be more than was asked for, Left never below zero.
	PaymentStatus string          `json:"paymentStatus"`
	Paid          schemas.Decimal `json:"paidAmount"`
	Left          schemas.Decimal `json:"dueAmount"`
	// Report is null while there is nothing to tell the authority.
	Report *reportView `json:"paymentReport"`
	// Source is null for an invoice that came from nowhere else.
	Source  *sourceView     `json:"source"`
	Invoice json.RawMessage `json:"invoice"` // last: see encode
}

// reportView is how far the authority has been told that the invoice was paid.
type reportView struct {
	Status    ReportStatus `json:"status"`
	Reason    *string      `json:"reason"`
	MessageID *string      `json:"messageId"` // null where nobody was asked
}

// encode is the answer in JSON. The view is JSON of our own making already and
// the larger part of it, so it is not read through again.
func (a Answer) encode() (json.RawMessage, error) {
	view := a.Invoice
	a.Invoice = nil
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	raw = append(raw[:len(raw)-len("null}")], view...)
	return append(raw, '}'), nil
}

func answerOf(r Row, view, attempts json.RawMessage) Answer {
	a := Answer{
		ID: r.ID, Status: r.Status, HeldReason: text(r.HeldReason), MessageID: r.Message, Errors: r.Reasons, Attempts: attempts,
		CreatedAt: r.CreatedAt.UTC().Format(domain.WireTime), UpdatedAt: r.UpdatedAt.UTC().Format(domain.WireTime),
		ValidatedAt: domain.FormatTime(r.ValidatedAt), SignedAt: domain.FormatTime(r.SignedAt),
		OriginalID: text(r.Original), PaymentStatus: r.PaymentStatus, Paid: hundredths(r.Paid), Left: hundredths(r.left()), Source: r.source(), Invoice: view,
	}
	if r.Report.Status != "" {
		a.Report = &reportView{Status: r.Report.Status, Reason: text(r.Report.Reason), MessageID: text(r.Report.Message)}
	}
	if a.Errors == nil {
		a.Errors = []domain.FieldError{}
	}
	if a.Attempts == nil {
		a.Attempts = json.RawMessage("[]")
	}
	if !r.SignedAt.IsZero() {
		a.IRN, a.QRCodeData = text(r.IRN), text(r.QR)
	}
	return a
}

// Lagos is the time zone of tax dates. Nigeria has no daylight saving time.
var Lagos = time.FixedZone("Africa/Lagos", 60*60)
