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

// Report is how far the authority has been told that an invoice was paid; the
// zero value while there is nothing to tell.
type Report struct {
	Status  ReportStatus     `json:"status"`
	Reason  string           `json:"-"`
	Message domain.MessageID `json:"-"`
}

// ReportStatus is how far a report is.
type ReportStatus string

// The statuses of a report.
const (
	ReportPending  ReportStatus = "PENDING"
	ReportHeld     ReportStatus = "HELD" // for a person
	ReportReported ReportStatus = "REPORTED"
	ReportSkipped  ReportStatus = "SKIPPED"  // nobody takes it
	ReportRejected ReportStatus = "REJECTED" // the authority refused it
	ReportFailed   ReportStatus = "FAILED"   // a person gave it up
)

// StageReport is the one stage of a settlement.
const StageReport domain.Stage = "report_payment"

// SettleName and SettleVersion are stored with every message.
const (
	SettleName    = "invoice.settle"
	SettleVersion = 1
)

// report says how the authority is told that a signed invoice was paid: by a
// message to the connection that signed it. Where that is gone, nobody is told
// but the integrator.
func (s *Service) report(ctx context.Context, r Row, at time.Time) (Report, []domain.Part, error) {
	stream, err := s.cfg.Connections.InvoiceStream(ctx, r.Environment, r.Connection)
	if errors.Is(err, store.ErrNotFound) {
		out := Report{Status: ReportSkipped, Reason: "The connection that signed the invoice is gone."}
		doc, err := s.document(ctx, r)
		if err != nil {
			return out, nil, err
		}
		e, err := paidEvent(r, doc, at)
		return out, []domain.Part{e}, err
	}
	if err != nil {
		return Report{}, nil, err
	}
	id := domain.NewID[domain.MessageID](domain.PrefixMessage)
	return Report{Status: ReportPending, Message: id}, []domain.Part{
		domain.Message{
			ID: id, Environment: r.Environment, Connection: r.Connection, Flow: SettleName, FlowVersion: SettleVersion,
			Resource: string(r.ID), Document: r.Document, Stage: StageReport, CreatedAt: at,
		},
		domain.Work{
			ID: domain.WorkID(id), Kind: domain.WorkMessage, Stream: stream, Environment: r.Environment,
			Connection: r.Connection, Gate: string(r.Connection), Stage: StageReport, DueAt: at, FlowVersion: SettleVersion,
		},
	}, nil
}

// paidEvent is invoice.paid.
func paidEvent(r Row, doc schemas.Document, at time.Time) (domain.Event, error) {
	inv, err := decode(doc)
	if err != nil {
		return domain.Event{}, err
	}
	return eventOf(r, inv, itemsOf(r.Environment, inv), schemas.EventInvoicePaid, at)
}

// SettleFlow tells the authority that an invoice was paid, and then the
// integrator.
type SettleFlow struct{ *Flow }

// SettleFlow is the flow over the service's invoices that were paid.
func (s *Service) SettleFlow() *SettleFlow { return &SettleFlow{s.Flow()} }

// Name implements domain.Flow.
func (*SettleFlow) Name() string { return SettleName }

// Version implements domain.Flow.
func (*SettleFlow) Version() int { return SettleVersion }

// Step implements domain.Flow. What is told is that the invoice was paid, also
// when a refund has come in between: refunds are not told.
func (*SettleFlow) Step(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	if stage != StageReport {
		return domain.Step{}, errSettleStage(stage)
	}
	r := resource.(Row)
	return step(schemas.OpInvoiceReportPayment, r.IRN, schemas.ReportPaymentInput{IRN: r.IRN, PaymentStatus: PaymentPaid, Reference: string(r.PaidBy)})
}

// Result implements domain.Flow.
func (*SettleFlow) Result(resource domain.Resource, stage domain.Stage, _ json.RawMessage, _ time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	if stage != StageReport {
		return resource, "", nil, errSettleStage(stage)
	}
	return resource, "", nil, nil
}

// Settle implements domain.Flow: however the report ended, the invoice was paid.
func (*SettleFlow) Settle(resource domain.Resource, doc schemas.Document, end domain.Ending, reasons []domain.FieldError, at time.Time) ([]domain.Part, error) {
	r := resource.(Row)
	out := Report{Message: r.Report.Message}
	var err error
	if out.Status, out.Reason, err = endOfTelling(end, reasons, ReportReported); err != nil {
		return nil, err
	}
	e, err := paidEvent(r, doc, at)
	return []domain.Part{reported{ID: r.ID, Report: out}, e}, err
}

// endOfTelling is the status of a message that only tells something, and why:
// done when it has.
func endOfTelling[S ReportStatus | WriteBackStatus](end domain.Ending, reasons []domain.FieldError, done S) (status S, reason string, err error) {
	switch {
	case end == domain.EndCompleted:
		return done, "", nil
	case end == domain.EndRejected:
		return S(ReportRejected), reasonOf(reasons), nil
	case end == domain.EndFailed && len(reasons) > 0 && reasons[0].Code == domain.CodeByHand:
		return S(ReportFailed), reasonOf(reasons), nil
	case end == domain.EndFailed:
		return S(ReportSkipped), reasonOf(reasons), nil // the connector cannot
	default:
		return "", "", fmt.Errorf("what only tells something cannot end as %q", end)
	}
}

// reasonOf is the first reason in one line.
func reasonOf(reasons []domain.FieldError) string {
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0].Code + ": " + reasons[0].Detail
}

// Hold implements domain.Flow.
func (*SettleFlow) Hold(resource domain.Resource, _ schemas.Document, reason string, _ time.Time) ([]domain.Part, error) {
	r := resource.(Row)
	return []domain.Part{reported{ID: r.ID, Report: Report{Status: ReportHeld, Reason: reason, Message: r.Report.Message}}}, nil
}

// Release implements domain.Flow.
func (*SettleFlow) Release(resource string, _ time.Time) []domain.Part {
	return []domain.Part{reported{ID: domain.InvoiceID(resource), Report: Report{Status: ReportPending}}}
}

func errSettleStage(stage domain.Stage) error {
	return fmt.Errorf("settlement has no stage %q", stage)
}

// reported notes how far the report of an invoice is, while it is under way.
type reported struct {
	ID domain.InvoiceID
	Report
}

func (reported) PartOf() domain.PartKind { return partReported }

func writeReported(part domain.Part) ([]store.Statement, error) {
	p := part.(reported)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET report = $1, report_reason = $2 WHERE id = $3 AND report IN ('PENDING', 'HELD')`,
		Args: []any{p.Status, p.Reason, p.ID}, Rows: 1,
	}}, nil
}
