package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// WriteBack is how far the system that an invoice came from was told what became
// of it; the zero value while there is nothing to tell.
type WriteBack struct {
	Status  WriteBackStatus
	Reason  string
	Message domain.MessageID
	// Again: more has become of the invoice since its message began.
	Again bool
}

// WriteBackStatus is how far a write-back is.
type WriteBackStatus string

// The statuses of a write-back.
const (
	WriteBackPending  WriteBackStatus = "PENDING"
	WriteBackHeld     WriteBackStatus = "HELD" // for a person
	WriteBackDone     WriteBackStatus = "DONE"
	WriteBackSkipped  WriteBackStatus = "SKIPPED"  // nobody takes it
	WriteBackRejected WriteBackStatus = "REJECTED" // the system refused it
	WriteBackFailed   WriteBackStatus = "FAILED"   // a person gave it up
)

// underWay: a message tells it, or waits for a person to.
func (w WriteBack) underWay() bool {
	return w.Status == WriteBackPending || w.Status == WriteBackHeld
}

// StageWriteBack is the one stage of a write-back.
const StageWriteBack domain.Stage = "write_back"

// WriteBackName and WriteBackVersion are stored with every message.
const (
	WriteBackName    = "invoice.write_back"
	WriteBackVersion = 1
)

// become asks for a write-back: something has become of an invoice that came
// from another system. One message at a time tells how the invoice stands, so
// that an older standing is never written over a newer one.
type become struct {
	ID domain.InvoiceID
	At time.Time
}

func (become) PartOf() domain.PartKind { return partBecome }

// toldSource ends the write-back that is under way.
type toldSource struct {
	ID domain.InvoiceID
	WriteBack
	At time.Time
}

func (toldSource) PartOf() domain.PartKind { return partToldSource }

// tellSource is what follows when something has become of an invoice; nothing
// when it came from nowhere else.
func (r Row) tellSource(at time.Time) []domain.Part {
	if r.Source.Connection == "" {
		return nil
	}
	return []domain.Part{become{ID: r.ID, At: at}}
}

// writtenBack moves a write-back on; Was and WasAgain prove what it was drawn from.
type writtenBack struct {
	ID       domain.InvoiceID
	Was      WriteBackStatus
	WasAgain bool
	WriteBack
}

func (writtenBack) PartOf() domain.PartKind { return partWrittenBack }

func (s *Service) expandBecome(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	p := part.(become)
	r, err := s.bare(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if !r.WriteBack.underWay() {
		return s.beginWriteBack(ctx, r, p.At)
	}
	next := r.WriteBack
	next.Again = true
	return []domain.Part{r.moved(next)}, nil
}

// expandToldSource ends a write-back, or begins the next one: what has become of
// the invoice since may not be among what was told.
func (s *Service) expandToldSource(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	p := part.(toldSource)
	r, err := s.bare(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if r.WriteBack.Again {
		return s.beginWriteBack(ctx, r, p.At)
	}
	next := p.WriteBack
	next.Message = r.WriteBack.Message
	return []domain.Part{r.moved(next)}, nil
}

func (s *Service) beginWriteBack(ctx context.Context, r Row, at time.Time) ([]domain.Part, error) {
	stream, err := s.cfg.Connections.InvoiceStream(ctx, r.Environment, r.Source.Connection)
	if errors.Is(err, store.ErrNotFound) {
		return []domain.Part{r.moved(WriteBack{Status: WriteBackSkipped, Reason: "The connection is gone."})}, nil
	}
	if err != nil {
		return nil, err
	}
	id := domain.NewID[domain.MessageID](domain.PrefixMessage)
	return []domain.Part{
		r.moved(WriteBack{Status: WriteBackPending, Message: id}),
		domain.Message{
			ID: id, Environment: r.Environment, Connection: r.Source.Connection, Flow: WriteBackName, FlowVersion: WriteBackVersion,
			Resource: string(r.ID), Document: r.Document, Stage: StageWriteBack, CreatedAt: at,
		},
		domain.Work{
			ID: domain.WorkID(id), Kind: domain.WorkMessage, Stream: stream, Environment: r.Environment,
			Connection: r.Source.Connection, Gate: string(r.Source.Connection), Stage: StageWriteBack, DueAt: at, FlowVersion: WriteBackVersion,
		},
	}, nil
}

func (r Row) moved(to WriteBack) writtenBack {
	return writtenBack{ID: r.ID, Was: r.WriteBack.Status, WasAgain: r.WriteBack.Again, WriteBack: to}
}

func writeWrittenBack(part domain.Part) ([]store.Statement, error) {
	p := part.(writtenBack)
	return []store.Statement{{
		SQL: `UPDATE invoice SET write_back = $1, write_back_reason = $2, write_back_id = $3, write_back_again = $4
WHERE id = $5 AND write_back = $6 AND write_back_again = $7`,
		Args: []any{p.Status, p.Reason, p.Message, bit(p.Again), p.ID, p.Was, bit(p.WasAgain)},
		Rows: 1, Err: store.ErrOutdated,
	}}, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// WriteBackFlow tells the system that an invoice came from how the invoice
// stands.
type WriteBackFlow struct{ *Flow }

// WriteBackFlow is the flow over the service's invoices that came from elsewhere.
func (s *Service) WriteBackFlow() *WriteBackFlow { return &WriteBackFlow{s.Flow()} }

// Name implements domain.Flow.
func (*WriteBackFlow) Name() string { return WriteBackName }

// Version implements domain.Flow.
func (*WriteBackFlow) Version() int { return WriteBackVersion }

// Step implements domain.Flow. What is told is how the invoice stands now.
func (*WriteBackFlow) Step(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	if stage != StageWriteBack {
		return domain.Step{}, errWriteBackStage(stage)
	}
	r := resource.(Row)
	return step(schemas.OpInvoiceWriteBack, r.Source.Record, r.standing())
}

// standing is the invoice as its source is told of it. Refunds are told to
// nobody, and a part is not told either.
func (r Row) standing() schemas.WriteBackInput {
	in := schemas.WriteBackInput{Target: r.Source.Record, Status: string(r.Status), PaymentStatus: r.PaymentStatus, Reason: clipped(reasonOf(r.Reasons))}
	if !r.PaidAt.IsZero() {
		in.PaymentStatus = PaymentPaid
	} else if r.PaymentStatus == PaymentPartial {
		in.PaymentStatus = PaymentPending
	}
	if r.Status == StatusCompleted {
		in.IRN, in.QRCodeData, in.SignedAt = r.IRN, r.QR, wire(r.SignedAt)
	}
	return in
}

// maxReason is the most characters of a reason that a source is told.
const maxReason = 2000

func clipped(reason string) string {
	if runes := []rune(reason); len(runes) > maxReason {
		return string(runes[:maxReason-1]) + "…"
	}
	return reason
}

// Result implements domain.Flow.
func (*WriteBackFlow) Result(resource domain.Resource, stage domain.Stage, _ json.RawMessage, _ time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	if stage != StageWriteBack {
		return resource, "", nil, errWriteBackStage(stage)
	}
	return resource, "", nil, nil
}

// Lookup implements domain.Flow: it names the record too, for what was never
// given a reference is told as well.
func (*WriteBackFlow) Lookup(resource domain.Resource, doc schemas.Document, _ domain.Stage) (domain.Step, error) {
	r := resource.(Row)
	inv, err := decode(doc)
	if err != nil {
		return domain.Step{}, err
	}
	return step(schemas.OpInvoiceLookup, r.Source.Record, schemas.LookupInput{
		Operation: schemas.OpInvoiceWriteBack, IRN: first(r.IRN, noIRN), IssueDate: r.IssueDate, Total: inv.LookupTotal(), Target: r.Source.Record,
	})
}

// noIRN stands for the reference that an invoice never got.
const noIRN = "-"

// Settle implements domain.Flow.
func (*WriteBackFlow) Settle(resource domain.Resource, _ schemas.Document, end domain.Ending, reasons []domain.FieldError, at time.Time) ([]domain.Part, error) {
	status, reason, err := endOfTelling(end, reasons, WriteBackDone)
	if err != nil {
		return nil, err
	}
	return []domain.Part{toldSource{ID: resource.(Row).ID, WriteBack: WriteBack{Status: status, Reason: reason}, At: at}}, nil
}

// waitingBack shows that a write-back waits for a person, or no longer.
type waitingBack struct {
	ID     domain.InvoiceID
	Status WriteBackStatus
	Reason string
}

func (waitingBack) PartOf() domain.PartKind { return partWaitingBack }

func writeWaitingBack(part domain.Part) ([]store.Statement, error) {
	p := part.(waitingBack)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET write_back = $1, write_back_reason = $2 WHERE id = $3 AND write_back IN ('PENDING', 'HELD')`,
		Args: []any{p.Status, p.Reason, p.ID}, Rows: 1,
	}}, nil
}

// Hold implements domain.Flow.
func (*WriteBackFlow) Hold(resource domain.Resource, _ schemas.Document, reason string, _ time.Time) ([]domain.Part, error) {
	return []domain.Part{waitingBack{ID: resource.(Row).ID, Status: WriteBackHeld, Reason: reason}}, nil
}

// Release implements domain.Flow.
func (*WriteBackFlow) Release(resource string, _ time.Time) []domain.Part {
	return []domain.Part{waitingBack{ID: domain.InvoiceID(resource), Status: WriteBackPending}}
}

func errWriteBackStage(stage domain.Stage) error {
	return fmt.Errorf("write-back has no stage %q", stage)
}
