package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// settledNotFounds is how many look-ups must find nothing, each begun after the
// call has settled, before it counts as not done.
const settledNotFounds = 2

// lookupResult is the output of every look-up operation.
type lookupResult struct {
	Result      domain.Lookup        `json:"result"`
	Differences []schemas.Difference `json:"differences"`
}

// lookup asks what became of a call whose outcome is unknown.
func (s *Service) lookup(ctx context.Context, r Request, m *schemas.Manifest, op schemas.Operation, c *call, had kept) (Answer, error) {
	unknown := Answer{Status: StatusUnknown, Lookup: op.Lookup, Replayed: true}
	look, ok := m.Operation(op.Lookup)
	if !ok || r.Refused != nil || !s.cfg.Connectors.Ready(r.Connection.Connector, r.Connection.Environment) {
		return unknown, nil
	}
	parameters, err := lookupInput(look, r)
	if err != nil {
		return Answer{}, err
	}
	began := s.cfg.Store.Now()
	out := s.cfg.Connectors.Invoke(ctx, domain.Call{
		Connection: r.Connection, Operation: look.Name, Key: r.vendorKey(), Parameters: parameters, State: had.State, Deadline: began.Add(deadline(look)),
	})
	s.pause(ctx, r, out)
	var found lookupResult
	if out.Class != domain.ClassResult || json.Unmarshal(out.Result, &found) != nil {
		return unknown, nil // an error of a look-up never settles anything
	}
	settled := !began.Before(c.SettlesAt)
	switch {
	case found.Result == domain.LookupFoundFinal:
		return s.found(ctx, r, c, domain.ClassResult, kept{}, unknown)
	case found.Result == domain.LookupDifferent && settled:
		return s.found(ctx, r, c, domain.ClassRejected, kept{Error: taken(found)}, unknown)
	case found.Result == domain.LookupNotFound && settled:
		// An effect that the vendor does not guard stays a person's decision.
		if c.NotFounds+1 < settledNotFounds || domain.Effect(op.Effect) != domain.EffectKeyed {
			return unknown, s.countNotFound(ctx, r, c)
		}
		return s.found(ctx, r, c, outcomeNotDone, kept{}, unknown)
	}
	return unknown, nil
}

// found records what a look-up has settled. Whoever was faster has settled it.
func (s *Service) found(ctx context.Context, r Request, c *call, class domain.Class, answer kept, unknown Answer) (Answer, error) {
	err := s.end(ctx, r, c, class, answer)
	if errors.Is(err, errMoved) {
		return unknown, nil
	}
	if err != nil {
		return Answer{}, err
	}
	if class == domain.ClassResult {
		return Answer{Status: StatusDone, Replayed: true}, nil
	}
	return Answer{Replayed: true}, Refusal(class, answer.Error)
}

// taken is the error of a call whose reference something else has.
func taken(found lookupResult) *domain.ConnectorError {
	e := &domain.ConnectorError{Class: domain.ClassRejected, Code: "reference_taken", Message: "the vendor already knows this reference, with other content"}
	for _, d := range found.Differences {
		e.Fields = append(e.Fields, domain.FieldError{
			Pointer: "/" + d.Field, Code: "differs", Detail: "sent " + d.Expected + ", the vendor has " + d.Found, Fix: "Ask anew with another reference.",
		})
	}
	return e
}

// lookupInput is what a look-up takes of the call in doubt: its name, and those
// of its members that the look-up's schema knows, those of its document among
// them. Where that is not enough, the
// look-up is refused before it is sent and the doubt stays.
func lookupInput(look schemas.Operation, r Request) (json.RawMessage, error) {
	raw := []byte(look.Input)
	if len(raw) == 0 {
		var err error
		if raw, err = schemas.Source(schemas.OperationInput(look.Name)); err != nil {
			return nil, err
		}
	}
	var schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(r.Input, &given); err != nil {
		return nil, err
	}
	out, err := r.told()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(out, func(name string, _ any) bool { return schema.Properties[name] == nil })
	for name := range schema.Properties {
		if value, ok := given[name]; ok {
			out[name] = value
		}
	}
	if _, ok := schema.Properties["operation"]; ok {
		out["operation"] = r.Operation
	}
	return json.Marshal(out)
}

// told is what a look-up compares of a document, see schemas.LookupInput.
func (r Request) told() (map[string]any, error) {
	if r.Document.Schema != schemas.InvoiceV1 {
		return map[string]any{}, nil
	}
	var inv schemas.Invoice
	if err := json.Unmarshal(r.Document.Body, &inv); err != nil {
		return nil, fmt.Errorf("decode the document of %s: %w", r.Operation, err)
	}
	return map[string]any{"total": inv.LookupTotal(), "issueDate": inv.IssueDate}, nil
}
