package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// The stages of an invoice's flow as system integrator.
const (
	StagePrepare  domain.Stage = "prepare"
	StageValidate domain.Stage = "validate"
	StageSign     domain.Stage = "sign"
)

// FlowName and FlowVersion are stored with every message.
const (
	FlowName    = "invoice.si"
	FlowVersion = 1
)

// Flow registers an invoice: prepare (its reference and QR), validate, sign.
type Flow struct {
	store  *store.Store
	recent *recent
}

// Flow is the flow over the service's invoices.
func (s *Service) Flow() *Flow { return &Flow{store: s.cfg.Store, recent: s.recent} }

// Name implements domain.Flow.
func (*Flow) Name() string { return FlowName }

// Version implements domain.Flow.
func (*Flow) Version() int { return FlowVersion }

// Load implements domain.Flow.
func (f *Flow) Load(ctx context.Context, ids []string) (map[string]domain.Resource, error) {
	list, args := store.List(0, ids)
	rows, err := readRows(ctx, f.store.Reader(), `id IN (`+list+`)`, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]domain.Resource, len(rows))
	for _, r := range rows {
		out[string(r.ID)] = r
	}
	return out, nil
}

// Step implements domain.Flow.
func (*Flow) Step(resource domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	r := resource.(Row)
	switch stage {
	case StagePrepare:
		return step(schemas.OpInvoicePrepare, "", schemas.PrepareInput{ReferenceKey: r.ReferenceKey, IssueDate: r.IssueDate})
	case StageValidate:
		return step(schemas.OpInvoiceValidate, r.IRN, schemas.ValidateInput{IRN: r.IRN})
	case StageSign:
		return step(schemas.OpInvoiceSign, r.IRN, schemas.SignInput{IRN: r.IRN})
	}
	return domain.Step{}, fmt.Errorf("invoice flow has no stage %q", stage)
}

// Result implements domain.Flow. What prepare gives is stored with `sent` and
// shown only once signed.
func (*Flow) Result(resource domain.Resource, stage domain.Stage, result json.RawMessage, at time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	r := resource.(Row)
	switch stage {
	case StagePrepare:
		var out schemas.PrepareOutput
		if err := json.Unmarshal(result, &out); err != nil {
			return r, "", nil, fmt.Errorf("result of prepare: %w", err)
		}
		r.IRN, r.QR = out.IRN, out.QRCodeData
		return r, StageValidate, nil, nil
	case StageValidate:
		r.ValidatedAt = at
		return r, StageSign, []domain.Part{staged{ID: r.ID, IRN: r.IRN, QR: r.QR, ValidatedAt: at}}, nil
	case StageSign:
		r.SignedAt = at
		return r, "", nil, nil
	}
	return r, "", nil, fmt.Errorf("invoice flow has no stage %q", stage)
}

// Lookup implements domain.Flow.
func (*Flow) Lookup(resource domain.Resource, doc schemas.Document, stage domain.Stage) (domain.Step, error) {
	r := resource.(Row)
	if r.IRN == "" {
		return domain.Step{}, errNeverPrepared
	}
	inv, err := decode(doc)
	if err != nil {
		return domain.Step{}, err
	}
	return step(schemas.OpInvoiceLookup, r.IRN, schemas.LookupInput{
		Operation: "invoice." + string(stage), IRN: r.IRN, IssueDate: r.IssueDate, Total: inv.LookupTotal(),
	})
}

// Settle implements domain.Flow: status and event in one.
func (f *Flow) Settle(resource domain.Resource, doc schemas.Document, end domain.Ending, reasons []domain.FieldError, at time.Time) ([]domain.Part, error) {
	r := resource.(Row)
	r.UpdatedAt, r.HeldReason, r.Reasons = at, "", reasons
	event := ""
	switch end {
	case domain.EndCompleted:
		if r.IRN == "" {
			return nil, errNeverPrepared
		}
		r.Status, event = StatusCompleted, "invoice.signed"
		if r.SignedAt.IsZero() {
			r.SignedAt = at
		}
	case domain.EndRejected:
		r.Status, event = StatusRejected, "invoice.rejected"
	case domain.EndFailed:
		r.Status, event = StatusFailed, "invoice.failed"
	default:
		return nil, fmt.Errorf("invoice flow cannot end as %q", end)
	}
	inv, err := f.recent.take(doc)
	if err != nil {
		return nil, err
	}
	items := itemsOf(r.Environment, inv)
	f.recent.learn(r.Party, items)
	e, err := eventOf(r, inv, items, event, at)
	if err != nil {
		return nil, err
	}
	over := ended{ID: r.ID, Status: r.Status, From: []Status{StatusDraft}, Reasons: reasons, SignedAt: r.SignedAt, At: at}
	if r.Status == StatusCompleted {
		return append([]domain.Part{signed{ended: over, Row: r}, e}, r.tellSource(at)...), nil
	}
	return slices.Concat([]domain.Part{over, e}, giveBack(r), r.tellSource(at)), nil
}

// errNeverPrepared: an invoice without a reference cannot have been signed.
var errNeverPrepared = &domain.Error{
	Kind: domain.KindInvalid, Code: "never_prepared",
	Detail: "This invoice never got a reference, so the authority cannot have signed it. Resolve it as FAILED, or replay it.",
}

// Hold implements domain.Flow.
func (*Flow) Hold(resource domain.Resource, doc schemas.Document, reason string, at time.Time) ([]domain.Part, error) {
	r := resource.(Row)
	r.HeldReason, r.UpdatedAt = reason, at
	parts := []domain.Part{held{ID: r.ID, Reason: reason, At: at}}
	inv, err := decode(doc)
	if err != nil {
		return parts, err
	}
	e, err := eventOf(r, inv, itemsOf(r.Environment, inv), "invoice.held", at)
	if err != nil {
		return parts, err
	}
	return append(parts, e), nil
}

// Release implements domain.Flow.
func (*Flow) Release(resource string, at time.Time) []domain.Part {
	return []domain.Part{held{ID: domain.InvoiceID(resource), At: at}}
}

// giveBack returns the credit that a note had taken of its original.
func giveBack(r Row) []domain.Part {
	if r.TypeCode != schemas.TypeCreditNote || r.Original == "" {
		return nil
	}
	return []domain.Part{credit{Original: r.Original, Amount: -r.Payable}}
}

func step(operation, reference string, parameters any) (domain.Step, error) {
	raw, err := json.Marshal(parameters)
	return domain.Step{Operation: operation, Parameters: raw, Reference: reference}, err
}

func decode(doc schemas.Document) (*schemas.Invoice, error) {
	var inv schemas.Invoice
	if err := json.Unmarshal(doc.Body, &inv); err != nil {
		return nil, fmt.Errorf("decode invoice: %w", err)
	}
	return &inv, nil
}

// eventOf is an event of the invoice as it is now, shown as callers see it.
func eventOf(r Row, inv *schemas.Invoice, items []domain.ItemID, kind string, at time.Time) (domain.Event, error) {
	state := r.state()
	state.Items = items
	data, err := json.Marshal(View(inv, state))
	if err != nil {
		return domain.Event{}, fmt.Errorf("show invoice %s: %w", r.ID, err)
	}
	return newEvent(r, kind, data, at), nil
}

func newEvent(r Row, kind string, data json.RawMessage, at time.Time) domain.Event {
	return domain.Event{
		ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: r.Environment, Organisation: r.Organisation,
		Type: kind, Resource: string(r.ID), Data: data, OccurredAt: at, CallbackURL: r.CallbackURL,
	}
}
