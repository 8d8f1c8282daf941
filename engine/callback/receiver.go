package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// receiver is where a delivery goes and how: a registered endpoint, or the
// implicit one of a callback_url.
type receiver struct {
	Request
	format Format
	retry  Retry
	// abandoned says why nothing is sent any more.
	abandoned Reason
	endpoint  *Endpoint // nil for a callback_url
}

// receiver makes the receiver of a delivery as it is now: secrets that were
// rotated and a URL that was corrected count for retries too.
func (s *Service) receiver(ctx context.Context, d *Delivery, e *Endpoint) (receiver, error) {
	secrets, policy, err := s.cfg.Environments.Signing(ctx, d.event.Environment)
	if err != nil {
		return receiver{}, fmt.Errorf("signing secrets of %s: %w", d.event.Environment, err)
	}
	if d.endpointID == "" {
		return receiver{
			Request: Request{URL: d.url, Secrets: secrets, Timeout: s.cfg.Timeout, Policy: policy, Format: FormatAfara, Retry: s.cfg.Retry},
			format:  FormatAfara, retry: s.cfg.Retry,
		}, nil
	}
	if e == nil {
		return receiver{abandoned: ReasonDeleted}, nil
	}
	return s.toEndpoint(e, policy), nil
}

func (s *Service) toEndpoint(e *Endpoint, policy Policy) receiver {
	return receiver{
		Request: Request{
			URL: e.URL, Secrets: e.secrets(s.cfg.Store.Now()), PrivateKey: e.signingKey, Timeout: e.Retry.Timeout,
			Policy: policy, Format: e.Format, Headers: e.Headers, Retry: e.Retry,
		},
		format: e.Format, retry: e.Retry, abandoned: e.abandoned(), endpoint: e,
	}
}

// bounds are the places that an attempt takes.
func (r *receiver) bounds() []bound {
	all := []bound{{key: hostGate(r.URL), adaptive: true}}
	if e := r.endpoint; e != nil && (e.MaxInFlight > 0 || e.RateLimit > 0) {
		all = append(all, bound{key: string(e.ID), inFlight: e.MaxInFlight, rate: e.RateLimit})
	}
	return all
}

// giveUp adds what is told of an endpoint that the engine makes inactive: an
// event for the other endpoints, an entry for the operator.
func (s *Service) giveUp(change *domain.Change, e *Endpoint, h health, r Result) {
	data, err := json.Marshal(disabledData{
		Webhook: e.ID, URL: e.URL, Reason: h.Disable, FailingSince: domain.FormatTime(e.FailingSince), DisabledAt: domain.FormatTime(h.At),
		LastStatus: number(r.Status), LastReason: string(r.Reason),
	})
	if err != nil {
		s.cfg.Log.Error("event of a disabled webhook", "webhook", e.ID, "error", err)
		return
	}
	change.Add(
		audienceChanged{Environment: e.Environment},
		domain.Event{
			ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: e.Environment, Organisation: e.Organisation,
			Type: EventDisabled, Resource: string(e.ID), Data: data, OccurredAt: h.At,
		},
		domain.AuditEntry{
			Environment: e.Environment, Actor: "engine", Action: "webhook.disable", Subject: string(e.ID), Detail: h.Disable, At: h.At,
		},
	)
	s.cfg.Log.Warn("webhook disabled", "webhook", e.ID, "environment", e.Environment, "reason", h.Disable, "failing_since", e.FailingSince, "status", r.Status)
}

// EventDisabled tells that the engine has made an endpoint inactive.
const EventDisabled = schemas.EventWebhookDisabled

type disabledData struct {
	Webhook      domain.EndpointID `json:"webhookId"`
	URL          string            `json:"url"`
	Reason       string            `json:"reason"`
	FailingSince *string           `json:"failingSince"`
	DisabledAt   *string           `json:"disabledAt"`
	LastStatus   *int              `json:"lastStatus"`
	LastReason   string            `json:"lastReason"`
}

func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// withHealth adds what an attempt says of its endpoint to the change that
// stores it, and the event that tells others of one that was given up.
func (s *Service) withHealth(d *Delivery, change domain.Change, r Result, now time.Time) domain.Change {
	e := d.to.endpoint
	if e == nil {
		return change
	}
	h, says := healthOf(e, r, now)
	if !says {
		return change
	}
	change.Add(h)
	if h.Disable != "" {
		s.giveUp(&change, e, h, r)
	}
	return change
}

// noteHost closes the gate of a host that fails again and again, and opens it
// when the host answers.
func (s *Service) noteHost(ctx context.Context, d *Delivery, r Result, now time.Time) {
	if !r.saysOfHost() {
		return
	}
	gate := hostGate(d.to.URL)
	verdict, until := s.breaker.note(gate, r.hostFailed(), now)
	var err error
	switch verdict {
	case hostClosed:
		err = s.cfg.Store.CloseGate(ctx, hostFailing(gate, until, r))
		s.cfg.Log.Warn("a receiving host fails: nothing is sent to it for a while", "host", gate, "until", until, "reason", r.Reason, "status", r.Status)
	case hostOpened:
		err = s.cfg.Store.OpenGate(ctx, gate, reasonHostFailing)
		s.cfg.Applier.Wake(now)
	}
	if err != nil {
		s.cfg.Log.Warn("gate of a receiving host", "host", gate, "error", err)
	}
}

// reasonHostFailing is why the gate of a host is closed.
const reasonHostFailing = "host_failing"

func hostFailing(gate string, until time.Time, r Result) store.Gate {
	detail := string(r.Reason)
	if r.Status > 0 {
		detail = fmt.Sprintf("%s %d", detail, r.Status)
	}
	return store.Gate{Key: gate, ClosedUntil: until, Reason: reasonHostFailing, Detail: detail}
}

// saysOfHost reports whether an attempt tells how its host is: one that our own
// side stopped does not, nor does a host that only asks for patience.
func (r Result) saysOfHost() bool {
	switch r.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return r.Class != ClassBlocked && r.Reason != ReasonSigning && r.Reason != ReasonFormat && r.Reason != ReasonCanceled
}

// hostFailed reports whether the host did not answer, or not as one that works.
func (r Result) hostFailed() bool { return r.Status == 0 || r.Status >= http.StatusInternalServerError }

// maxTimeout bounds a whole request, whatever the policy.
const maxTimeout = 30 * time.Second
