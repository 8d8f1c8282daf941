package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

// EndpointPatch is what a caller says of an endpoint; what is nil stays as it
// is, or takes its default on a new one.
type EndpointPatch struct {
	URL         *string           `json:"url"`
	Events      *[]string         `json:"events"`
	Description *string           `json:"description"`
	Active      *bool             `json:"isActive"`
	Format      *string           `json:"payloadFormat"`
	Retry       json.RawMessage   `json:"retryPolicy"`
	RateLimit   *int              `json:"rateLimit"`
	MaxInFlight *int              `json:"maxInFlight"`
	Ordered     *bool             `json:"ordered"`
	Headers     map[string]string `json:"headers"`
	// Signatures lists the versions of signatures: v1, and v1a beside it.
	Signatures []string `json:"signatures"`
	// Form is what is wrong with the form of all this. What it is against may be
	// missing above, or be anything.
	Form Form `json:"-"`
}

// DefaultOverlap is how long an old secret signs beside its successor.
const DefaultOverlap = 24 * time.Hour

// MaxOverlap bounds the overlap of a rotation.
const MaxOverlap = 7 * 24 * time.Hour

// CreateEndpoint drafts a new endpoint of an environment. The answer shows its
// secret, this once. The audit keeps who made it.
func (s *Service) CreateEndpoint(ctx context.Context, env domain.Environment, p EndpointPatch, actor string) (domain.Draft, error) {
	now := truncate(s.cfg.Store.Now())
	e := Endpoint{
		ID: domain.NewID[domain.EndpointID](domain.PrefixEndpoint), Environment: env.ID, Organisation: env.Organisation,
		Active: true, Format: FormatAfara, Retry: defaultRetry(), Version: 1, CreatedAt: now, UpdatedAt: now,
		secret: webhook.NewSecret(),
	}
	bare := e
	if err := s.patch(ctx, &e, p, true); err != nil {
		return domain.Draft{}, err
	}
	row, err := s.seal(e)
	if err != nil {
		return domain.Draft{}, fmt.Errorf("create webhook: %w", err)
	}
	answer, err := success(viewOf(e).withSecret(e.secret))
	return domain.Draft{
		Parts: []domain.Part{audienceChanged{Environment: env.ID, Add: 1}, newEndpoint{row}, domain.AuditEntry{
			Environment: env.ID, Actor: actor, Action: deedCreate, Subject: string(e.ID), Detail: changedMembers(&bare, &e), At: now,
		}},
		Answer: answer, Done: true, ShowsSecret: true, Committed: func() { s.forget(e.Environment, e.ID) },
	}, err
}

// UpdateEndpoint changes what p names and answers the endpoint. The secret
// stays. An endpoint that becomes active again starts without failures.
func (s *Service) UpdateEndpoint(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID, p EndpointPatch, actor string) (Endpoint, error) {
	return s.change(ctx, env, id, deed{actor, deedChange}, func(e *Endpoint) (detail string, err error) {
		was := *e
		if err := s.patch(ctx, e, p, false); err != nil {
			return "", err
		}
		if e.Active && !was.Active {
			e.DisabledReason, e.DisabledAt, e.Failures, e.FailingSince = "", time.Time{}, 0, time.Time{}
		}
		return changedMembers(&was, e), nil
	})
}

// RotateEndpointSecret gives an endpoint a new secret and answers it, this
// once. The old one signs too until overlap has passed; an older one than that
// ends now.
func (s *Service) RotateEndpointSecret(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID, overlap time.Duration, actor string) (Endpoint, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Endpoint{}, "", invalid(0, domain.FieldError{
			Pointer: "/overlapSeconds", Code: "range", Detail: "is not between 0 and 604800", Fix: "use 86400, a day",
		})
	}
	secret := webhook.NewSecret()
	e, err := s.change(ctx, env, id, deed{actor, deedRotate}, func(e *Endpoint) (detail string, err error) {
		e.secret, e.previous = secret, e.secret
		e.previousUntil = s.cfg.Store.Now().Add(overlap)
		return overlapDetail(overlap), nil
	})
	return e, secret, err
}

// DeleteEndpoint removes an endpoint. Its unfinished deliveries end as
// abandoned, each with a record; an attempt that is under way still counts.
func (s *Service) DeleteEndpoint(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID, actor string) error {
	_, err := s.change(ctx, env, id, deed{actor, deedDelete}, func(e *Endpoint) (detail string, err error) {
		e.DeletedAt, e.Active = s.cfg.Store.Now(), false
		return "", nil
	})
	if err != nil {
		return err
	}
	return s.wakeDeliveries(ctx, id)
}

// maxChanges bounds how often a change is tried when others change the same
// endpoint at the same time.
const maxChanges = 8

// deed is who does what.
type deed struct{ actor, action string }

// change reads an endpoint, changes it and stores it, with an entry of the
// audit, if nobody else has changed it meanwhile.
func (s *Service) change(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID, by deed, do func(*Endpoint) (detail string, err error)) (Endpoint, error) {
	for n := 1; ; n++ {
		e, err := s.Endpoint(ctx, env, id)
		if err != nil {
			return Endpoint{}, err
		}
		old := e.Version
		detail, err := do(&e)
		if err != nil {
			return Endpoint{}, err
		}
		e.Version, e.UpdatedAt = old+1, truncate(s.cfg.Store.Now())
		row, err := s.seal(e)
		if err != nil {
			return Endpoint{}, fmt.Errorf("change webhook %s: %w", id, err)
		}
		added := 0
		if !e.DeletedAt.IsZero() {
			added = -1
		}
		err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{
			audienceChanged{Environment: env, Add: added}, changedEndpoint{row: row, from: old},
			domain.AuditEntry{Environment: env, Actor: by.actor, Action: by.action, Subject: string(id), Detail: detail, At: e.UpdatedAt},
		}})
		s.forget(env, id)
		if !isChanged(err) || n == maxChanges {
			return e, err
		}
	}
}
