package payment

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// The stages of a payment.
const (
	StagePrepare domain.Stage = "prepare"
	StageSubmit  domain.Stage = "submit"
)

// FlowName and FlowVersion are stored with every message.
const (
	FlowName    = "payment"
	FlowVersion = 1
)

// Flow moves money: prepare (the operator's reference), submit, and wait for the
// operator's word.
type Flow struct{ s *Service }

// Flow is the flow over the service's payments.
func (s *Service) Flow() *Flow { return &Flow{s} }

// Name implements domain.Flow.
func (*Flow) Name() string { return FlowName }

// Version implements domain.Flow.
func (*Flow) Version() int { return FlowVersion }

// Load implements domain.Flow.
func (f *Flow) Load(ctx context.Context, ids []string) (map[string]domain.Resource, error) {
	return f.s.load(ctx, ids)
}

func (s *Service) load(ctx context.Context, ids []string) (map[string]domain.Resource, error) {
	list, args := store.List(0, ids)
	rows, err := readRows(ctx, s.cfg.Store.Reader(), `id IN (`+list+`)`, args...)
	out := make(map[string]domain.Resource, len(rows))
	for _, r := range rows {
		out[string(r.ID)] = r
	}
	return out, err
}

// Step implements domain.Flow.
func (*Flow) Step(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	r := resource.(Row)
	switch stage {
	case StagePrepare:
		return step(schemas.OpPaymentPrepare, "", schemas.PaymentPrepareInput{Transaction: string(r.ID), Operation: r.operation(), Reference: r.Reference})
	case StageSubmit:
		in := r.input()
		if r.Type == Refund {
			return step(r.operation(), r.OperatorReference, schemas.PaymentRefundInput{PaymentInput: in, Original: r.Original})
		}
		return step(r.operation(), r.OperatorReference, in)
	}
	return domain.Step{}, errStage(stage)
}

// input is what every operation that moves money takes.
func (r Row) input() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: r.OperatorReference, Amount: r.moved(), Currency: r.Money, Country: r.Country, MSISDN: r.MSISDN,
		Reference: r.Reference, Description: r.Description, CallbackURL: r.CallbackURL, Scenario: r.Scenario,
	}
}

// Result implements domain.Flow. What submit gives may be a look-up's answer.
func (*Flow) Result(resource domain.Resource, stage domain.Stage, result json.RawMessage, at time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	r := resource.(Row)
	switch stage {
	case StagePrepare:
		var out schemas.PaymentPrepareOutput
		if err := json.Unmarshal(result, &out); err != nil {
			return r, "", nil, fmt.Errorf("result of prepare: %w", err)
		}
		r.OperatorReference = out.OperatorReference
		return r, StageSubmit, []domain.Part{staged{ID: r.ID, OperatorReference: r.OperatorReference, At: at}}, nil
	case StageSubmit:
		out, err := outputOf(result)
		if err != nil {
			return r, "", nil, fmt.Errorf("result of submit: %w", err)
		}
		return r.after(out), "", nil, nil
	}
	return r, "", nil, errStage(stage)
}

// after is the row with what the operator told of it.
func (r Row) after(out schemas.PaymentOutput) Row {
	r.Status = out.Status
	if out.ProviderTxID != "" {
		r.ProviderTxID = out.ProviderTxID
	}
	if len(out.Raw) > 0 {
		r.Raw = out.Raw
	}
	return r
}

// outputOf reads how far a payment is from the answer to an effect, or to its
// look-up, which has the same members and more.
func outputOf(result json.RawMessage) (out schemas.PaymentOutput, err error) {
	err = json.Unmarshal(result, &out)
	return out, err
}

// Lookup implements domain.Flow.
func (*Flow) Lookup(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	r := resource.(Row)
	if stage != StageSubmit || r.OperatorReference == "" {
		return domain.Step{}, fmt.Errorf("payment %s has no reference of the operator", r.ID)
	}
	return lookup(r)
}

func lookup(r Row) (domain.Step, error) {
	return step(schemas.OpPaymentLookup, r.OperatorReference, schemas.PaymentLookupInput{
		Operation: r.operation(), OperatorReference: r.OperatorReference, ProviderTxID: r.ProviderTxID,
		Amount: r.moved(), Currency: r.Money, Country: r.Country, MSISDN: r.MSISDN,
	})
}

// Pending implements domain.Waiter.
func (*Flow) Pending(stage domain.Stage, result json.RawMessage) bool {
	if stage != StageSubmit {
		return false
	}
	out, err := outputOf(result)
	return err == nil && out.Status == schemas.PaymentPending
}

// Next implements domain.Waiter: the operator's push is waited for at first, and
// then looked for, within the connection's budget.
func (f *Flow) Next(resource domain.Resource, waits int, at time.Time) time.Time {
	return f.s.polls.next(resource.(Row).Connection, waits, at)
}

// GiveUp implements domain.Waiter.
func (f *Flow) GiveUp(resource domain.Resource, at time.Time) (domain.Resource, bool) {
	r := resource.(Row)
	if at.Sub(r.CreatedAt) < f.s.cfg.PendingLimit {
		return r, false
	}
	r.Status, r.GivenUp = schemas.PaymentTimeout, true
	return r, true
}

// Settle implements domain.Flow: status, ledger and events in one.
func (f *Flow) Settle(resource domain.Resource, _ schemas.Document, end domain.Ending, reasons []domain.FieldError, at time.Time) ([]domain.Part, error) {
	r := resource.(Row)
	switch end {
	case domain.EndCompleted:
		if !r.Status.Final() { // a person says that it was done
			r.Status = schemas.PaymentSuccess
		}
	case domain.EndRejected, domain.EndFailed:
		// No status says "failed, nobody knows why"; the contract's word for it is
		// that the service was not available.
		r.Status, r.Raw = schemas.PaymentServiceUnavailable, r.refused(reasons)
		if len(reasons) > 0 {
			if reasons[0].Code == domain.CodeReferenceTaken {
				r.Status = schemas.PaymentDuplicateReference
			}
			r.GivenUp = reasons[0].Code == domain.CodeByHand // the operator may know better
		}
	default:
		return nil, fmt.Errorf("payment flow cannot end as %q", end)
	}
	r.CompletedAt = at
	return f.s.settled(r)
}

// refused is why a connector refused, where an operator's answer would stand.
func (r Row) refused(reasons []domain.FieldError) json.RawMessage {
	if len(reasons) == 0 {
		return r.Raw
	}
	raw, err := json.Marshal(struct {
		Simulated bool                `json:"_simulated,omitempty"`
		Errors    []domain.FieldError `json:"errors"`
	}{r.Sandbox, reasons})
	if err != nil {
		return r.Raw
	}
	return raw
}

// Hold implements domain.Flow.
func (*Flow) Hold(resource domain.Resource, _ schemas.Document, reason string, _ time.Time) ([]domain.Part, error) {
	return []domain.Part{held{ID: resource.(Row).ID, Reason: reason}}, nil
}

// Release implements domain.Flow.
func (*Flow) Release(resource string, _ time.Time) []domain.Part {
	return []domain.Part{held{ID: domain.PaymentID(resource)}}
}

func step(operation, reference string, parameters any) (domain.Step, error) {
	raw, err := json.Marshal(parameters)
	return domain.Step{Operation: operation, Parameters: raw, Reference: reference}, err
}

func errStage(stage domain.Stage) error { return fmt.Errorf("payment flow has no stage %q", stage) }
