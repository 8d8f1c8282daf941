package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// EventTest is the type of a test callback's event.
const EventTest = "callback.test"

// probeTimeout bounds a test callback where the setting is longer: somebody
// waits for the answer.
const probeTimeout = 30 * time.Second

// ProbeRequest is one test callback to a URL.
type ProbeRequest struct {
	URL          string
	Environment  domain.EnvironmentID
	Organisation domain.OrganisationID
	// Secrets sign it, the current one first.
	Secrets []string
	// Policy is what the test may do: that of a real callback, with the
	// allowlist in every environment.
	Policy Policy
}

// ProbeResult is how a test callback ended, fit to be shown to whoever asked.
type ProbeResult struct {
	Event     domain.EventID
	Delivered bool
	// Reason says why it was not delivered.
	Reason Reason
	// Status is 0 when there was no answer.
	Status   int
	Duration time.Duration
	// Answer is the start of the answer's body, with what looks like a secret
	// cut out; Truncated when there was more.
	Answer    string
	Truncated bool
}

// Probe sends one signed sample event as a real callback is sent, through the
// same guard. Nothing is recorded and nothing is tried again. What the guard
// refuses is a *BlockedError, whether before the look-up or after; any other
// error is our own and says nothing of the receiver.
func (s *Service) Probe(ctx context.Context, r ProbeRequest) (ProbeResult, error) {
	event, err := s.sample(r)
	if err != nil {
		return ProbeResult{}, err
	}
	body, err := FormatAfara.Render(event, 1)
	if err != nil {
		return ProbeResult{}, err
	}
	result := s.cfg.Sender.Send(ctx, Request{
		URL: r.URL, EventID: event.ID, EventType: event.Type, Body: body, Format: FormatAfara, Secrets: r.Secrets,
		Timeout: min(s.cfg.Timeout, probeTimeout), Policy: r.Policy,
	})
	s.logProbe(ctx, r, result)
	if err := probeError(ctx, result); err != nil {
		return ProbeResult{}, err
	}
	return ProbeResult{
		Event: event.ID, Delivered: result.Class == ClassDelivered, Reason: result.Reason, Status: result.Status,
		Duration: result.Duration, Answer: result.Body, Truncated: result.Truncated,
	}, nil
}

// sample is an event about nothing but itself.
func (s *Service) sample(r ProbeRequest) (domain.Event, error) {
	id := domain.NewID[domain.EventID](domain.PrefixEvent)
	data, err := json.Marshal(map[string]string{
		"id": string(id), "environmentId": string(r.Environment), "message": "This is a test. Answer it with any 2xx; nothing follows from it.",
	})
	return domain.Event{
		ID: id, Environment: r.Environment, Organisation: r.Organisation, Type: EventTest, Resource: string(id),
		Data: data, OccurredAt: s.cfg.Store.Now(),
	}, err
}

// probeError is nil when the receiver is to blame, or nobody.
func probeError(ctx context.Context, r Result) error {
	var refused *BlockedError
	switch {
	case errors.As(r.Cause, &refused):
		return refused
	case r.Reason == ReasonCanceled:
		return fmt.Errorf("test callback: %w", context.Cause(ctx))
	case r.Reason == ReasonSigning:
		return fmt.Errorf("test callback: %w", r.Cause)
	}
	return nil
}

// logProbe is the operator's record, the only one; the address is for them alone.
func (s *Service) logProbe(ctx context.Context, r ProbeRequest, result Result) {
	attributes := []slog.Attr{
		slog.String("environment", string(r.Environment)), slog.String("class", string(result.Class)), slog.String("reason", string(result.Reason)),
		slog.Int("status", result.Status), slog.Duration("duration", result.Duration), slog.Any("error", result.Cause),
	}
	var refused *BlockedError
	if errors.As(result.Cause, &refused) && refused.Address.IsValid() {
		attributes = append(attributes, slog.String("address", refused.Address.String()))
	}
	s.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "test callback", attributes...)
}
