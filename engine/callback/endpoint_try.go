package callback

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// TryEndpoint sends an endpoint one event with sample data, signed and formed as
// every other, and answers how it ended. Nothing of it is stored, it is sent
// once, and an endpoint that is not active can be tried too. An empty event
// type is one that the endpoint hears of.
func (s *Service) TryEndpoint(ctx context.Context, env domain.Environment, id domain.EndpointID, event string) (domain.Event, Result, error) {
	e, err := s.Endpoint(ctx, env.ID, id)
	if err != nil {
		return domain.Event{}, Result{}, err
	}
	if event == "" {
		event = e.sampleType()
	}
	sample := schemas.SampleEvent(event)
	if sample == nil {
		return domain.Event{}, Result{}, invalid(0, domain.FieldError{
			Pointer: "/event", Code: "event_type", Detail: "is no event type", Fix: "GET /v1/event-types lists all types",
		})
	}
	_, policy, err := s.cfg.Environments.Signing(ctx, env.ID)
	if err != nil {
		return domain.Event{}, Result{}, fmt.Errorf("policy of %s: %w", env.ID, err)
	}
	d := &Delivery{
		event: domain.Event{
			ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: env.ID, Organisation: env.Organisation,
			Type: event, Data: sample, OccurredAt: s.cfg.Store.Now(),
		},
		sequence: 1, to: s.toEndpoint(&e, policy),
	}
	return d.event, s.attempt(ctx, d), nil
}

// sampleType is the first event type that the endpoint hears of.
func (e *Endpoint) sampleType() string {
	for _, t := range schemas.EventTypes() {
		if hears(e.Events, t.Name) {
			return t.Name
		}
	}
	return ""
}
