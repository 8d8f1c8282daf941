package payment

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Corridors knows where payments may go and what they are for.
// *corridor.Service is the real one; what is absent or switched off is an error
// of domain.KindNotFound.
type Corridors interface {
	Find(ctx context.Context, env domain.EnvironmentID, operator, country string) (domain.Corridor, error)
	Store(ctx context.Context, env domain.EnvironmentID, slug string) (domain.MerchantStore, error)
}

// Connections tells what a payment needs to know of the connection that carries
// it.
type Connections interface {
	PaymentConnection(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (Connection, error)
}

// Connection carries payments.
type Connection struct {
	Stream string
	// CallbackURL is where the operator may push; empty when nobody has said how
	// this installation is reached.
	CallbackURL string
}

// Ledger tells what the merchant has.
type Ledger interface {
	Balance(ctx context.Context, env domain.EnvironmentID, account domain.Account, currency string) (int64, error)
}

// Bills knows what payments may be for. *invoice.Service is the real one; what is
// absent is an error of domain.KindNotFound.
type Bills interface {
	Bill(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (domain.Bill, error)
	// BillsNumbered are those of a number: none, one, or more than one.
	BillsNumbered(ctx context.Context, env domain.EnvironmentID, number string) ([]domain.Bill, error)
}

// Config wires a Service.
type Config struct {
	Store       *store.Store   // required
	Applier     *store.Applier // required; it must know the ledger's writer
	Corridors   Corridors      // required
	Connections Connections    // required
	Ledger      Ledger         // required
	Bills       Bills          // required
	// Follow says what follows when a payment that is of an invoice succeeded, by
	// the event that tells it; it becomes true with the event. Nil for nothing.
	Follow map[string]func(domain.Receipt) []domain.Part
	// PendingLimit is the age at which a payment that the operator does not know, or
	// that was never sent, ends as TIMEOUT; default 60 min.
	PendingLimit time.Duration
	// FirstPoll is when the operator is asked what became of a payment of which it
	// has pushed nothing; default 15 s.
	FirstPoll time.Duration
	// PollBudget is how many look-ups a second one connection makes on each node for
	// payments that wait; default 20.
	PollBudget int
}

// Service keeps payments. Its methods may be called concurrently.
type Service struct {
	cfg   Config
	polls polls
	swept string // where the last sweep stopped; of Expire alone
}

// New checks cfg, fills its defaults and registers the writers of the payment's
// table.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Corridors == nil || cfg.Connections == nil || cfg.Ledger == nil || cfg.Bills == nil {
		return nil, errors.New("payment: Store, Applier, Corridors, Connections, Ledger and Bills are required")
	}
	if cfg.PendingLimit <= 0 {
		cfg.PendingLimit = time.Hour
	}
	if cfg.FirstPoll <= 0 {
		cfg.FirstPoll = 15 * time.Second
	}
	if cfg.PollBudget <= 0 {
		cfg.PollBudget = 20
	}
	s := &Service{cfg: cfg, polls: polls{first: cfg.FirstPoll, apart: time.Second / time.Duration(cfg.PollBudget)}}
	registerWriters(cfg.Applier)
	cfg.Applier.Expand(partLateNews, s.expandLateNews)
	return s, nil
}

// Refusals, by the codes of the contract.
var (
	ErrNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "not_found",
		Detail: "There is no such transaction in this environment."}
	ErrApplication = &domain.Error{Kind: domain.KindNotFound, Code: "not_found",
		Detail: "There is no such application: POST /si/stores makes one, and this one must be active."}
	ErrCorridor = &domain.Error{Kind: domain.KindNotFound, Code: "env_not_found",
		Detail: "No corridor is set up and enabled for this operator and country: see GET /si/corridors."}
	ErrReference = &domain.Error{Kind: domain.KindConflict, Code: "duplicate_reference",
		Detail: "This reference was used before for a payment with other content. Nothing was stored: use a new reference for a new payment."}
	ErrNotRefundable = &domain.Error{Kind: domain.KindInvalid, Code: "not_refundable",
		Detail: "Only a collection with the status SUCCESS can be refunded."}
	ErrNotLate = &domain.Error{Kind: domain.KindConflict, Code: "not_late",
		Detail: "This payment has not succeeded after it was given up: lateAt says when one has. Nothing was done."}
	ErrLatePayout = &domain.Error{Kind: domain.KindConflict, Code: "late_payout",
		Detail: "A payout cannot be given back to the one who was paid: book it with accept-late."}
	ErrLateEnded = &domain.Error{Kind: domain.KindConflict, Code: "late_ended",
		Detail: "It was decided already what becomes of this late success: see lateEnd. Nothing was done."}
	ErrLateFloat = &domain.Error{Kind: domain.KindConflict, Code: "float_too_low",
		Detail: "The float has less than this payout has taken. Nothing was booked: try again when collections have filled it."}
	ErrInvoice = &domain.Error{Kind: domain.KindInvalid, Code: "invoice_not_payable",
		Detail: "The payment cannot be of the invoice that it names. Nothing was done."}
	ErrExceeds = &domain.Error{Kind: domain.KindInvalid, Code: "exceeds_refundable",
		Detail: "The refund is more than what is left of the collection."}
)

// CodeBody is the code of a request whose fields are wrong.
const CodeBody = "invalid_body"

func (s *Service) now() time.Time { return s.cfg.Store.Now() }
