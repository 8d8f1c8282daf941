package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// lateNews is what an operator tells of a reference, which may be that of a
// payment that was given up.
type lateNews struct {
	Connection domain.ConnectionID
	Reference  string
}

func (lateNews) PartOf() domain.PartKind { return partLateNews }

// Told says what follows when an operator tells of a payment: where it was given
// up, a look at the operator's record, unless it only tells that it failed. Some
// operators' pushes prove nothing but that there is news: PENDING.
func (s *Service) Told(connection domain.ConnectionID, reference string, data json.RawMessage) []domain.Part {
	out, err := outputOf(data)
	if err != nil || reference == "" || out.Status != schemas.PaymentSuccess && out.Status != schemas.PaymentPending {
		return nil
	}
	return []domain.Part{lateNews{connection, reference}}
}

// expandLateNews finds the payment that the news is about. Nearly always there is
// none: what is told of a payment that waits is its own flow's business.
func (s *Service) expandLateNews(ctx context.Context, part domain.Part, _ bool) ([]domain.Part, error) {
	news := part.(lateNews)
	r, err := s.find(ctx, `connection_id = $1 AND operator_reference = $2 AND given_up = 1 AND late_at = 0`, news.Connection, news.Reference)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	connection, err := s.cfg.Connections.PaymentConnection(ctx, r.Environment, r.Connection)
	if err != nil {
		return nil, err
	}
	return s.confirmation(r, connection), nil
}

// confirmation is a run of the flow that asks the operator once more.
func (s *Service) confirmation(r Row, connection Connection) []domain.Part {
	at, id := s.now(), domain.NewID[domain.MessageID](domain.PrefixMessage)
	return []domain.Part{
		domain.Message{
			ID: id, Environment: r.Environment, Connection: r.Connection, Flow: ConfirmName, FlowVersion: ConfirmVersion,
			Resource: string(r.ID), Document: r.Document, Stage: StageConfirm, CreatedAt: at,
		},
		domain.Work{
			ID: domain.WorkID(id), Kind: domain.WorkMessage, Stream: connection.Stream, Environment: r.Environment,
			Connection: r.Connection, Gate: string(r.Connection), Stage: StageConfirm, DueAt: at, FlowVersion: ConfirmVersion,
		},
	}
}

// StageConfirm is the one stage of a confirmation.
const StageConfirm domain.Stage = "confirm"

// ConfirmName and ConfirmVersion are stored with every message.
const (
	ConfirmName    = "payment.confirm"
	ConfirmVersion = 1
)

// ConfirmFlow asks what became of a payment that was given up. Its status stays;
// money that moved all the same is booked to suspense and told.
type ConfirmFlow struct{ s *Service }

// ConfirmFlow is the flow over the service's payments that were given up.
func (s *Service) ConfirmFlow() *ConfirmFlow { return &ConfirmFlow{s} }

// Name implements domain.Flow.
func (*ConfirmFlow) Name() string { return ConfirmName }

// Version implements domain.Flow.
func (*ConfirmFlow) Version() int { return ConfirmVersion }

// Load implements domain.Flow.
func (f *ConfirmFlow) Load(ctx context.Context, ids []string) (map[string]domain.Resource, error) {
	return f.s.load(ctx, ids)
}

// Step implements domain.Flow.
func (*ConfirmFlow) Step(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	if stage != StageConfirm {
		return domain.Step{}, errStage(stage)
	}
	return lookup(resource.(Row))
}

// Result implements domain.Flow.
func (f *ConfirmFlow) Result(resource domain.Resource, stage domain.Stage, result json.RawMessage, at time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	r := resource.(Row)
	if stage != StageConfirm {
		return r, "", nil, errStage(stage)
	}
	var out schemas.PaymentLookupOutput
	if err := json.Unmarshal(result, &out); err != nil {
		return r, "", nil, fmt.Errorf("result of confirm: %w", err)
	}
	if out.Result != schemas.LookupFoundFinal || out.Status != schemas.PaymentSuccess || !r.LateAt.IsZero() {
		return r, "", nil, nil
	}
	parts, err := r.succeededLate(out, at)
	if r.Type == Refund { // a collection counts once somebody has accepted it
		parts = append(parts, f.s.follows(r, r.Type.told(), at)...)
	}
	return r, "", parts, err
}

// succeededLate books and tells a success after the payment was given up.
func (r Row) succeededLate(out schemas.PaymentLookupOutput, at time.Time) ([]domain.Part, error) {
	told := r.after(schemas.PaymentOutput{Status: r.Status, ProviderTxID: out.ProviderTxID, Raw: out.Raw})
	moved := r.moved()
	if r.Type == Collection {
		moved = -moved
	}
	e, err := told.event(schemas.EventPaymentLateSuccess, told.transaction(), at)
	return []domain.Part{
		late{Row: told, At: at},
		r.entry(entryLateSuccess, at,
			domain.Posting{Account: r.payer(), Amount: moved}, domain.Posting{Account: domain.AccountSuspense, Amount: -moved}),
		e,
	}, err
}

// Lookup implements domain.Flow: the stage has no effect to look up.
func (*ConfirmFlow) Lookup(resource domain.Resource, _ schemas.Document, _ domain.Stage) (domain.Step, error) {
	return lookup(resource.(Row))
}

// Settle implements domain.Flow.
func (*ConfirmFlow) Settle(domain.Resource, schemas.Document, domain.Ending, []domain.FieldError, time.Time) ([]domain.Part, error) {
	return nil, nil
}

// Hold implements domain.Flow.
func (*ConfirmFlow) Hold(domain.Resource, schemas.Document, string, time.Time) ([]domain.Part, error) {
	return nil, nil
}

// Release implements domain.Flow.
func (*ConfirmFlow) Release(string, time.Time) []domain.Part { return nil }
