package callback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/webhook"
)

// Limits of an endpoint's settings.
const (
	maxDescription = 500 // characters
	maxPatterns    = 50
	maxRateLimit   = 10_000 // per second
	maxInFlightSet = 1_000
)

// patch lays what a caller said over e and names every fault of it at once,
// those of its form among them.
func (s *Service) patch(ctx context.Context, e *Endpoint, p EndpointPatch, isNew bool) error {
	var faults []domain.FieldError
	add := func(more ...domain.FieldError) { faults = append(faults, more...) }
	if p.URL != nil || isNew {
		fault, err := s.patchURL(ctx, e, p.URL)
		if err != nil {
			return err
		}
		add(fault...)
	}
	if p.Events != nil || isNew {
		add(patchEvents(e, p.Events)...)
	}
	if p.Description != nil {
		e.Description = *p.Description
		add(checkDescription(e.Description)...)
	}
	if p.Active != nil {
		e.Active = *p.Active
	}
	if p.Ordered != nil {
		e.Ordered = *p.Ordered
	}
	add(patchForm(e, p)...)
	add(patchNumber("/rateLimit", p.RateLimit, &e.RateLimit, maxRateLimit)...)
	add(patchNumber("/maxInFlight", p.MaxInFlight, &e.MaxInFlight, maxInFlightSet)...)
	if p.Headers != nil {
		e.Headers = unmasked(p.Headers, e.Headers)
		add(CheckHeaders(e.Headers)...)
	}
	if p.Signatures != nil {
		add(patchSignatures(e, p.Signatures)...)
	}
	return p.Form.refusal(faults)
}

// patchURL judges the address as it will be judged at every attempt.
func (s *Service) patchURL(ctx context.Context, e *Endpoint, url *string) ([]domain.FieldError, error) {
	if url == nil {
		return []domain.FieldError{{Pointer: "/url", Code: "required", Detail: "is missing", Fix: "give the https URL of your receiver"}}, nil
	}
	_, policy, err := s.cfg.Environments.Signing(ctx, e.Environment)
	if err != nil {
		return nil, fmt.Errorf("policy of %s: %w", e.Environment, err)
	}
	e.URL = *url
	return s.checkURL("/url", *url, policy), nil
}

// checkURL turns the guard's refusal into a fault of a member.
func (s *Service) checkURL(pointer, url string, p Policy) []domain.FieldError {
	var refused *BlockedError
	switch err := s.cfg.Sender.guard.Check(url, p); {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return []domain.FieldError{refused.Fault(pointer)}
	default:
		return []domain.FieldError{{Pointer: pointer, Code: "url", Detail: "is not a URL that can be called", Fix: "write it as https://host/path"}}
	}
}

func patchEvents(e *Endpoint, events *[]string) []domain.FieldError {
	if events == nil || len(*events) == 0 {
		return []domain.FieldError{{Pointer: "/events", Code: "required", Detail: "names no event", Fix: "give at least one event type, such as invoice.signed, or a pattern, such as invoice.*"}}
	}
	if len(*events) > maxPatterns {
		return []domain.FieldError{{Pointer: "/events", Code: "max_items", Detail: fmt.Sprintf("has more than %d entries", maxPatterns), Fix: "use patterns such as invoice.*"}}
	}
	e.Events = nil
	var faults []domain.FieldError
	for i, text := range *events {
		pointer := fmt.Sprintf("/events/%d", i)
		pattern, err := schemas.ParseEventPattern(text)
		switch {
		case err != nil:
			faults = append(faults, eventFault(pointer, err))
		case slices.Contains(e.Events, pattern):
			faults = append(faults, domain.FieldError{Pointer: pointer, Code: "unique", Detail: "stands there twice", Fix: "name each event once"})
		}
		e.Events = append(e.Events, pattern)
	}
	return faults
}

// eventFault says what is wrong with the name of an event type.
func eventFault(pointer string, err error) domain.FieldError {
	var wrong *schemas.EventTypeError
	if errors.As(err, &wrong) {
		return domain.FieldError{Pointer: pointer, Code: wrong.Code, Detail: wrong.Detail, Fix: wrong.Fix}
	}
	return domain.FieldError{Pointer: pointer, Code: "event_type", Detail: err.Error(), Fix: "GET /v1/event-types lists all types"}
}

func checkDescription(text string) []domain.FieldError {
	switch {
	case !utf8.ValidString(text) || containsControl(text):
		return []domain.FieldError{{Pointer: "/description", Code: "text", Detail: "holds control characters or is not UTF-8", Fix: "use plain text"}}
	case utf8.RuneCountInString(text) > maxDescription:
		return []domain.FieldError{{Pointer: "/description", Code: "max_length", Detail: fmt.Sprintf("is longer than %d characters", maxDescription), Fix: "shorten it"}}
	}
	return nil
}

func containsControl(text string) bool {
	return slices.ContainsFunc([]rune(text), unicode.IsControl)
}

// patchForm sets format and retry policy.
func patchForm(e *Endpoint, p EndpointPatch) (faults []domain.FieldError) {
	if p.Format != nil {
		format, err := ParseFormat(*p.Format)
		if err != nil {
			faults = append(faults, domain.FieldError{Pointer: "/payloadFormat", Code: "enum", Detail: err.Error(), Fix: "use one of afara, finora, digitax, sandpay"})
		}
		e.Format = format
	}
	if p.Retry != nil && p.Form.sound("/retryPolicy") {
		retry, err := ParseRetry(p.Retry)
		if err != nil {
			faults = append(faults, domain.FieldError{Pointer: "/retryPolicy", Code: "retry_policy", Detail: err.Error(),
				Fix: `use one of default, finora, sandpay, standard, none, or {"schedule": [60, 300]} with seconds`})
		}
		e.Retry = retry
	}
	return faults
}

// unmasked gives the headers that a caller means who sends back what was shown:
// a masked value stands for the one that is there.
func unmasked(given, known map[string]string) map[string]string {
	out := maps.Clone(given)
	for name, value := range given {
		if old, there := known[name]; there && value == masked {
			out[name] = old
		}
	}
	return out
}

func patchNumber(pointer string, given, into *int, most int) []domain.FieldError {
	if given == nil {
		return nil
	}
	if *given < 0 || *given > most {
		return []domain.FieldError{{Pointer: pointer, Code: "range", Detail: fmt.Sprintf("is not between 0 and %d", most), Fix: "use 0 for no limit"}}
	}
	*into = *given
	return nil
}

// patchSignatures makes a key pair when v1a is asked for the first time.
func patchSignatures(e *Endpoint, versions []string) []domain.FieldError {
	v1a := slices.Contains(versions, "v1a")
	for i, v := range versions {
		if v != "v1" && v != "v1a" {
			return []domain.FieldError{{Pointer: fmt.Sprintf("/signatures/%d", i), Code: "enum", Detail: "is no version of signatures", Fix: "use v1, or v1 and v1a"}}
		}
	}
	if !slices.Contains(versions, "v1") {
		return []domain.FieldError{{Pointer: "/signatures", Code: "required", Detail: "does not hold v1, which every request carries", Fix: "use v1, or v1 and v1a"}}
	}
	switch {
	case v1a && e.signingKey == "":
		e.signingKey, e.PublicKey = webhook.NewKeyPair()
	case !v1a:
		e.signingKey, e.PublicKey = "", ""
	}
	return nil
}
