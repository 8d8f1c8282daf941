package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/msisdn"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

// Request asks for a collection or a disbursement.
type Request struct {
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	MSISDN      string `json:"msisdn"`
	Reference   string `json:"reference"`
	Application string `json:"application"`
	Operator    string `json:"operator"`
	Country     string `json:"country"`
	OrderRef    string `json:"order_ref"`
	// Invoice is the invoice that a collection pays; empty for the one whose number
	// order_ref is, if there is one.
	Invoice      domain.InvoiceID `json:"invoice_id"`
	OrderURL     string           `json:"order_url"`
	URLProtected bool             `json:"is_url_protected"`
	Description  string           `json:"description"`
	Scenario     string           `json:"scenario"`
}

// Collect drafts a collection. A reference that was used before answers the
// payment of then.
func (s *Service) Collect(ctx context.Context, env domain.Environment, in Request) (domain.Draft, error) {
	r, err := s.asked(env, Collection, in)
	if err != nil {
		return domain.Draft{}, err
	}
	r.Invoice = in.Invoice
	if before, used, err := s.used(ctx, r); used || err != nil {
		return before, err
	}
	if err := s.bill(ctx, &r); err != nil {
		return domain.Draft{}, err
	}
	connection, err := s.carried(ctx, &r)
	if err != nil {
		return domain.Draft{}, err
	}
	return s.draft(r, connection)
}

// Disburse drafts a payout. funded is false when the float was found not to
// suffice: then the payout is recorded as one that ended for that.
func (s *Service) Disburse(ctx context.Context, env domain.Environment, in Request, funded bool) (domain.Draft, error) {
	r, err := s.asked(env, Disbursement, in)
	if err != nil {
		return domain.Draft{}, err
	}
	if before, used, err := s.used(ctx, r); used || err != nil {
		return before, err
	}
	connection, err := s.carried(ctx, &r)
	if err != nil {
		return domain.Draft{}, err
	}
	if r.Reference == "" {
		if r.Reference, err = s.mint("SP", reference.Disbursement); err != nil {
			return domain.Draft{}, err
		}
		r.OrderRef = first(in.OrderRef, r.Reference)
	}
	return s.payout(r, connection, funded)
}

// mint makes the reference of a payout whose caller gave none.
func (s *Service) mint(origin string, op reference.Op) (string, error) {
	made, err := reference.Mint(origin, op, s.now())
	return made.String(), err
}

// asked is the row of a request, as far as the request tells it.
func (s *Service) asked(env domain.Environment, kind Type, in Request) (Row, error) {
	r := Row{
		ID: domain.NewID[domain.PaymentID](domain.PrefixPayment), Environment: env.ID, Organisation: env.Organisation, Sandbox: env.Kind == domain.Sandbox,
		Type: kind, Store: in.Application, OrderRef: first(in.OrderRef, in.Reference), OrderURL: in.OrderURL, URLProtected: in.URLProtected,
		Currency: in.Currency, Money: isoOf(in.Currency), MSISDN: in.MSISDN, Reference: in.Reference, Description: in.Description,
		Scenario: in.Scenario, Status: schemas.PaymentPending, CreatedAt: s.now(), Shares: Shares{Amount: in.Amount},
	}
	if r.Scenario != "" && !r.Sandbox {
		return r, fault("/scenario", "sandbox_only", "A scenario is played in a sandbox environment only.", "Leave scenario out.")
	}
	var err error
	r.Country, r.Operator, err = route(in)
	return r, err
}

// used answers a request whose reference was used before. That comes before what
// a new payment needs, which may have been switched off since.
func (s *Service) used(ctx context.Context, r Row) (d domain.Draft, used bool, err error) {
	if r.Reference == "" {
		return d, false, nil
	}
	before, err := s.find(ctx, `environment_id = $1 AND reference = $2`, r.Environment, r.Reference)
	if errors.Is(err, ErrNotFound) {
		return d, false, nil
	}
	if err == nil {
		d, err = repeated(r, before)
	}
	return d, true, err
}

// carried finds store and corridor of a new payment, splits its amount and sends
// it through the corridor's connection.
func (s *Service) carried(ctx context.Context, r *Row) (Connection, error) {
	if _, err := s.cfg.Corridors.Store(ctx, r.Environment, r.Store); err != nil {
		return Connection{}, absent(err, ErrApplication)
	}
	corridor, err := s.cfg.Corridors.Find(ctx, r.Environment, r.Operator, r.Country)
	if err != nil {
		return Connection{}, absent(err, ErrCorridor)
	}
	if r.Money != corridor.Currency {
		return Connection{}, fault("/currency", "currency_of_corridor",
			fmt.Sprintf("%s in %s takes %s.", r.Operator, r.Country, corridor.Currency), "Send the amount in "+corridor.Currency+".")
	}
	bps := corridor.CommissionBps
	if r.Type != Collection {
		bps = 0 // payouts take no commission
	}
	if r.Shares, err = Split(r.Amount, bps, corridor.MerchantAbsorptionPct); err != nil {
		return Connection{}, fault("/amount", "range", err.Error()+".", "Send a smaller amount.")
	}
	r.AbsorptionPct = corridor.MerchantAbsorptionPct
	return s.through(ctx, r, corridor.Connection)
}

// through sends a payment through a connection.
func (s *Service) through(ctx context.Context, r *Row, id domain.ConnectionID) (Connection, error) {
	connection, err := s.cfg.Connections.PaymentConnection(ctx, r.Environment, id)
	if err != nil {
		return connection, err
	}
	r.Connection, r.CallbackURL = id, connection.CallbackURL
	r.Message, r.Document = domain.NewID[domain.MessageID](domain.PrefixMessage), domain.NewID[domain.DocumentID](domain.PrefixDocument)
	return connection, nil
}

// route says with which operator and in which country a payment is. What the
// request names counts more than its number, since numbers can be carried to
// another operator.
func route(in Request) (country, operator string, err error) {
	if in.Country != "" && in.Operator != "" {
		return in.Country, in.Operator, nil
	}
	number, err := msisdn.Parse(in.MSISDN)
	if err != nil {
		return "", "", fault("/msisdn", "pattern", "The number is not in the international form.", "Write + and the country, then digits only.")
	}
	foundCountry, foundOperator, err := msisdn.Detect(number)
	country, operator = first(in.Country, string(foundCountry)), first(in.Operator, string(foundOperator))
	if country != "" && operator != "" {
		return country, operator, nil
	}
	var cannot *msisdn.Error
	if !errors.As(err, &cannot) {
		return "", "", fmt.Errorf("operator of a number: %w", err)
	}
	e := fault("/operator", "undetermined", cannot.Detail, cannot.Fix)
	if country == "" {
		e.Fields = append(e.Fields, domain.FieldError{Pointer: "/country", Code: "undetermined", Detail: cannot.Detail, Fix: cannot.Fix})
	}
	return "", "", e
}

// draft stores a new payment.
func (s *Service) draft(r Row, connection Connection, more ...domain.Part) (domain.Draft, error) {
	answer, err := json.Marshal(show(r))
	if err != nil {
		return domain.Draft{}, err
	}
	run, err := s.run(r, connection)
	if err != nil {
		return domain.Draft{}, err
	}
	return domain.Draft{Parts: append(run, more...), Answer: answer, Explain: explain}, nil
}

// explain lets a request that lost its reference to another answer that one's.
func explain(_ context.Context, err error) error {
	if errors.Is(err, errTaken) {
		return errors.Join(domain.ErrAgain, ErrReference)
	}
	return err
}

// repeated answers a request whose reference was used before: with the payment
// of then, if it asked for the same.
func repeated(r, before Row) (domain.Draft, error) {
	same := r.Type == before.Type && r.Parent == before.Parent && r.Amount == before.Amount && r.Money == before.Money &&
		r.MSISDN == before.MSISDN && r.Operator == before.Operator && r.Country == before.Country && r.Store == before.Store &&
		(r.Invoice == "" || r.Invoice == before.Invoice)
	if !same {
		e := *ErrReference
		e.Extra = map[string]any{"tx_id": before.ID}
		return domain.Draft{}, &e
	}
	answer, err := json.Marshal(show(before))
	return domain.Draft{Answer: answer, Done: true}, err
}

// run is what a new payment stores: itself, the canonical document, its message
// and the row of work; of one that has ended already, only itself and its events.
func (s *Service) run(r Row, connection Connection) ([]domain.Part, error) {
	if r.Status.Final() {
		r.Message, r.Document = "", ""
		events, err := eventsOf(r)
		return append([]domain.Part{newRow{r}}, events...), err
	}
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	return []domain.Part{
		domain.StoredDocument{ID: r.Document, Environment: r.Environment, Document: doc, CreatedAt: r.CreatedAt},
		domain.Message{
			ID: r.Message, Environment: r.Environment, Connection: r.Connection, Flow: FlowName, FlowVersion: FlowVersion,
			Resource: string(r.ID), Document: r.Document, Stage: StagePrepare, CreatedAt: r.CreatedAt,
		},
		domain.Work{
			ID: domain.WorkID(r.Message), Kind: domain.WorkMessage, Stream: connection.Stream, Environment: r.Environment,
			Connection: r.Connection, Gate: string(r.Connection), Stage: StagePrepare, DueAt: r.CreatedAt, FlowVersion: FlowVersion,
		},
		newRow{r},
	}, nil
}

// document is the canonical payment.
func (r Row) document() (schemas.Document, error) {
	raw, err := json.Marshal(schemas.Payment{
		Type: string(r.Type), Transaction: string(r.ID), Parent: string(r.Parent), Reference: r.Reference, OrderRef: r.OrderRef,
		Amount: r.Amount, CustomerTotal: r.CustomerTotal, NetAmount: r.NetAmount, Commission: r.Commission,
		Currency: r.Money, Operator: r.Operator, Country: r.Country, MSISDN: r.MSISDN, Description: r.Description,
	})
	if err != nil {
		return schemas.Document{}, err
	}
	doc, err := schemas.Prove(schemas.PaymentV1, raw)
	if err != nil {
		return schemas.Document{}, fmt.Errorf("canonical payment: %w", err)
	}
	return doc, nil
}

// absent names what the caller asked for where it was not found.
func absent(err error, is *domain.Error) error {
	var e *domain.Error
	if errors.As(err, &e) && e.Kind == domain.KindNotFound {
		return is
	}
	return err
}

func fault(pointer, code, detail, fix string) *domain.Error {
	return &domain.Error{Kind: domain.KindInvalid, Code: CodeBody, Detail: "The body breaks the rules that errors lists. Nothing was done.",
		Fields: []domain.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}}
}

// first is the first of the texts that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}
