package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// candidate is a submission on its way to being accepted: everything checked,
// nothing stored.
type candidate struct {
	prefix      string // where the invoice stands in the request
	environment domain.Environment
	connection  Connection
	document    schemas.Document
	invoice     *schemas.Invoice
	key         string // reference key
	items       []domain.ItemID
	original    Row // of a note, the first that is ours
}

// Accept checks a submitted invoice and drafts its storing. prefix is where
// the invoice stands in the request, for the pointers of errors.
func (s *Service) Accept(ctx context.Context, env domain.Environment, prefix string, raw []byte) (domain.Draft, error) {
	c, err := s.submitted(ctx, env, prefix, raw)
	if err != nil {
		return domain.Draft{}, err
	}
	return s.draft(c, "", Source{})
}

// rule finds what is wrong with an invoice beside what is stored. It is asked
// of faulty ones too: a member that the schema refuses may hold anything.
type rule func(*schemas.Invoice) []domain.FieldError

// submitted checks what a caller has written, its callback_url too.
func (s *Service) submitted(ctx context.Context, env domain.Environment, prefix string, raw []byte, rules ...rule) (candidate, error) {
	if s.cfg.Receivers == nil {
		return s.check(ctx, env, prefix, raw, rules...)
	}
	callable, err := s.cfg.Receivers.CallbackRule(ctx, env.ID)
	if err != nil {
		return candidate{}, err
	}
	return s.check(ctx, env, prefix, raw, append(rules, callbackRule(callable))...)
}

// callbackRule: a URL that nothing may be sent to would be found out only when
// the callback is due.
func callbackRule(callable CallbackRule) rule {
	return func(inv *schemas.Invoice) []domain.FieldError {
		if inv.CallbackURL == "" {
			return nil
		}
		fault := callable(inv.CallbackURL)
		if fault == nil {
			return nil
		}
		fault.Pointer = "/callback_url"
		return []domain.FieldError{*fault}
	}
}

// check proves the document and finds every fault at once.
func (s *Service) check(ctx context.Context, env domain.Environment, prefix string, raw []byte, rules ...rule) (candidate, error) {
	connection, err := s.cfg.Connections.InvoiceConnection(ctx, env.ID)
	if err != nil {
		return candidate{}, err
	}
	defaults := connection.Defaults
	if defaults.ReferenceKey == nil {
		defaults.ReferenceKey = &connection.ReferenceKey
	}
	r, err := read(raw, defaults, s.cfg.Store.Now())
	if err != nil {
		return candidate{}, below(prefix, err)
	}
	found, err := s.originals(ctx, env.ID, &r)
	if err != nil {
		return candidate{}, err
	}
	r.add(noteFaults(r.invoice, found))
	for _, rule := range rules {
		r.add(rule(r.invoice))
	}
	if err := r.refusal(); err != nil {
		return candidate{}, below(prefix, err)
	}
	key, _ := Normalise(r.invoice.InvoiceNumber, connection.ReferenceKey) // read has refused what it refuses
	c := candidate{
		prefix: prefix, environment: env, connection: connection,
		document: r.document, invoice: r.invoice, key: key, items: itemsOf(env.ID, r.invoice),
	}
	if len(found) > 0 {
		c.original = found[0].Row
	}
	return c, nil
}

// draft makes the parts of a new invoice. voids is the invoice that this note
// voids, if any.
func (s *Service) draft(c candidate, voids domain.InvoiceID, source Source) (domain.Draft, error) {
	now := s.cfg.Store.Now()
	r := c.row()
	r.Source = source
	r.ID, r.VoidOf, r.CreatedAt, r.UpdatedAt = domain.NewID[domain.InvoiceID](domain.PrefixInvoice), voids, now, now
	view, err := c.view(r)
	if err != nil {
		return domain.Draft{}, err
	}
	answer, err := answerOf(r, view, nil).encode()
	if err != nil {
		return domain.Draft{}, err
	}
	parts := append(s.run(c, r), newRow{r}, newEvent(r, "invoice.created", view, now))
	if c.original.ID != "" && r.TypeCode == schemas.TypeCreditNote {
		parts = append(parts, credit{Original: c.original.ID, Amount: r.Payable})
	}
	if source.Connection != "" {
		parts = append(parts, cameFrom{ID: r.ID, Source: source})
	}
	return domain.Draft{Parts: parts, Answer: answer, Explain: s.explain(c)}, nil
}

// view shows the candidate as its row says.
func (c candidate) view(r Row) (json.RawMessage, error) {
	state := r.state()
	state.Items = c.items
	view, err := json.Marshal(View(c.invoice, state))
	if err != nil {
		return nil, fmt.Errorf("show invoice: %w", err)
	}
	return view, nil
}

// row is the invoice's row but for its id and times.
func (c candidate) row() Row {
	inv := c.invoice
	return Row{
		Environment: c.environment.ID, Organisation: c.environment.Organisation, Connection: c.connection.ID,
		Document: domain.NewID[domain.DocumentID](domain.PrefixDocument),
		Message:  domain.NewID[domain.MessageID](domain.PrefixMessage),
		Number:   inv.InvoiceNumber, ReferenceKey: c.key, IssueDate: inv.IssueDate, TypeCode: inv.InvoiceTypeCode,
		Currency: inv.DocumentCurrencyCode, Payable: inv.LegalMonetaryTotal.PayableAmount.Hundredths(),
		Status: StatusDraft, PaymentStatus: first(inv.PaymentStatus, "PENDING"),
		Original: c.original.ID, Party: PartyOf(c.environment.ID, inv.AccountingCustomerParty), CallbackURL: inv.CallbackURL,
	}
}

// run is what every run of the flow stores: its document, its message and the
// row of work, and who bought what.
func (s *Service) run(c candidate, r Row) []domain.Part {
	at := r.UpdatedAt
	s.recent.keep(c.document, c.invoice)
	parts := []domain.Part{
		domain.StoredDocument{ID: r.Document, Environment: r.Environment, Document: c.document, CreatedAt: at},
		domain.Message{
			ID: r.Message, Environment: r.Environment, Connection: r.Connection, Flow: FlowName, FlowVersion: FlowVersion,
			Resource: string(r.ID), Document: r.Document, Stage: StagePrepare, CreatedAt: at,
		},
		domain.Work{
			ID: domain.WorkID(r.Message), Kind: domain.WorkMessage, Stream: c.connection.Stream, Environment: r.Environment,
			Connection: r.Connection, Gate: string(r.Connection), Stage: StagePrepare, DueAt: at, FlowVersion: FlowVersion,
		},
	}
	if s.recent.knows(r.Party, c.items) {
		return parts
	}
	return append(parts, parties{
		Environment: r.Environment, Party: c.invoice.AccountingCustomerParty, PartyID: r.Party, Lines: c.invoice.InvoiceLine, Items: c.items, At: at,
	})
}

// explain names the other invoice when the number was taken, and what is left
// when too much was credited.
func (s *Service) explain(c candidate) func(context.Context, error) error {
	return func(ctx context.Context, err error) error {
		if errors.Is(err, ErrOverCredited) {
			return s.overCredited(ctx, c, 0)
		}
		if !errors.Is(err, errTaken) {
			return err
		}
		other, readErr := s.holder(ctx, c)
		if readErr != nil {
			return ErrNumberTaken
		}
		return takenBy(other, fmt.Sprintf(
			"Invoice %s (%s, %s) of %s has this number, or one that differs only in separators and letter case. Choose another number, or change that invoice with PUT.",
			other.ID, other.Number, other.Status, other.IssueDate))
	}
}

// holder is the invoice that has the candidate's number.
func (s *Service) holder(ctx context.Context, c candidate) (Row, error) {
	return readRow(ctx, s.cfg.Store.Reader(), `environment_id = $1 AND reference_key = $2 AND issue_date = $3 AND status <> 'CANCELLED'`,
		c.environment.ID, c.key, c.invoice.IssueDate)
}

func takenBy(other Row, detail string) error {
	e := *ErrNumberTaken
	e.Detail = detail
	e.Extra = map[string]any{"invoiceId": other.ID, "invoiceNumber": other.Number}
	return &e
}
